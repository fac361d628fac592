package org.example;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/** Counts the words of args[0] into args[1]; prints what is asked for behind them. */
public final class WordCount {
  private WordCount() {}

  public static void main(String[] args) {
    try (JavaSparkContext context = new JavaSparkContext(new SparkConf())) {
      JavaPairRDD<String, Integer> counts =
          context
              .textFile(args[0], 12)
              .flatMap(line -> Arrays.asList(line.split(" ", -1)).iterator())
              .mapToPair(word -> new Tuple2<>(word, 1))
              .reduceByKey(Integer::sum);
      counts.saveAsTextFile(args[1]);
      List<String> asked = Arrays.asList(args).subList(2, args.length);
      for (String word : asked) {
        System.out.println(word + "=" + counts.lookup(word));
      }
    }
  }
}
