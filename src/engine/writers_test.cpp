#include "engine/writers.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

TEST(Writers, HadoopXml) {
  EXPECT_EQ(to_hadoop_xml({{"fs.defaultFS", "hdfs://m:8020"}, {"a", "x<y & z>\"q\"\rend\x01"}}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<configuration>\n"
            "  <property><name>a</name><value>x&lt;y &amp; z&gt;\"q\"&#13;end </value></property>\n"
            "  <property><name>fs.defaultFS</name><value>hdfs://m:8020</value></property>\n"
            "</configuration>\n");
}

TEST(Writers, JavaProperties) {
  EXPECT_EQ(to_java_properties({{"plain.key", "a=b: #c"}}), "plain.key=a=b: #c\n");
  EXPECT_EQ(to_java_properties({{"k e=y:#!", "v"}}), "k\\ e\\=y\\:\\#\\!=v\n");
  EXPECT_EQ(to_java_properties({{"k", "  two\nlines\t\\end"}}), "k=\\  two\\nlines\\t\\\\end\n");
}

TEST(Writers, JavaPropertiesAreAscii) {
  EXPECT_EQ(to_java_properties({{"k", "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"}}),
            "k=gr\\u00FC\\u00DF \\u20AC \\uD83D\\uDE00\n");
  EXPECT_EQ(to_java_properties({{"k", "cut \xE2\x82"}}), "k=cut \\u00E2\\u0082\n");
}

TEST(Writers, Hosts) {
  EXPECT_EQ(to_hosts_file({{"127.0.0.1", "localhost"}, {"127.5.1.1", "c-1-master"}}),
            "127.0.0.1 localhost\n127.5.1.1 c-1-master\n");
}

}  // namespace
}  // namespace bdaas
