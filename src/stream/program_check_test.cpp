#include "stream/program_check.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "base/temp_dir.h"
#include "stream/class_file.h"
#include "stream/jar.h"
#include "stream/jar_fixture.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string class_with_main(std::string_view name) {
  return ClassFileBuilder(name).main_method().bytes();
}

// ---- class files ----

TEST(ClassFile, FindsTheMainMethod) {
  const auto parsed = parse_class_file(
      ClassFileBuilder("org/example/A").method(1, "run", "()V").main_method().bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name, "org/example/A");
  EXPECT_TRUE(parsed->has_main);
}

TEST(ClassFile, WantsItPublicStaticAndWithItsArguments) {
  for (const auto& [access, name, type] :
       std::vector<std::tuple<unsigned, std::string, std::string>>{
           {0x0001, "main", "([Ljava/lang/String;)V"},  // not static
           {0x0008, "main", "([Ljava/lang/String;)V"},  // not public
           {0x0009, "main", "()V"},
           {0x0009, "main", "([Ljava/lang/String;)I"},
           {0x0009, "Main", "([Ljava/lang/String;)V"}}) {
    const auto parsed = parse_class_file(ClassFileBuilder("A").method(access, name, type).bytes());
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(parsed->has_main) << access << name << type;
  }
}

TEST(ClassFile, CutOffAnywhereIsNone) {
  const auto whole = class_with_main("org/example/A");
  const auto members = whole.size() - 2;  // behind them only the count of the class' attributes
  for (std::size_t kept = 0; kept < members; ++kept) {
    EXPECT_FALSE(parse_class_file(std::string_view(whole).substr(0, kept))) << kept;
  }
}

TEST(ClassFile, SurvivesRandomDamage) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto whole = class_with_main("org/example/A");
  int parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (auto hits = random() % 3 + 1; hits > 0; --hits) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (const auto found = parse_class_file(damaged)) {
      EXPECT_LE(found->name.size(), whole.size());
      ++parsed;
    }
  }
  EXPECT_GT(parsed, 0);
}

// ---- jars ----

class ProgramCheckTest : public testing::Test {
 protected:
  fs::path file() const { return directory_.path() / "program"; }

  Result<std::vector<std::string>> jar(
      const std::vector<std::pair<std::string, std::string>>& entries,
      const JarLimits& limits = {}) {
    EXPECT_TRUE(write_zip(file(), entries));
    return main_classes_of_jar(file(), "a.jar", limits);
  }
  Error refusal(std::string_view content, ProgramKind kind) {
    EXPECT_TRUE(write_file(file(), content).ok());
    auto checked = check_program(file(), "program", kind);
    EXPECT_FALSE(checked.ok());
    return checked.ok() ? Error{} : std::move(checked).error();
  }

  const TempDir directory_ = TempDir::make().value();
};

TEST_F(ProgramCheckTest, ListsMainClassesSorted) {
  const auto names =
      jar({{"org/example/B.class", class_with_main("org/example/B")},
           {"org/example/A.class", class_with_main("org/example/A")},
           {"org/example/A$1.class", ClassFileBuilder("org/example/A$1").bytes()},
           {"META-INF/versions/17/org/example/B.class", class_with_main("org/example/B")},
           {"BOOT-INF/classes/C.class", class_with_main("C")},
           {"text.txt", "class"}});
  ASSERT_TRUE(names.ok()) << names.error().message;
  EXPECT_THAT(*names, ElementsAre("org.example.A", "org.example.B"));
}

TEST_F(ProgramCheckTest, TheManifestsMainClassComesFirst) {
  const std::pair<std::string, std::string> a{"A.class", class_with_main("A")};
  const std::pair<std::string, std::string> b{"x/B.class", class_with_main("x/B")};
  const std::pair<std::string, std::string> heir{"x/Heir.class",
                                                 ClassFileBuilder("x/Heir").bytes()};
  const auto with = [&](const std::string& manifest) {
    return jar({{"META-INF/MANIFEST.MF", manifest}, a, b, heir}).value();
  };
  EXPECT_THAT(with("Manifest-Version: 1.0\r\nMain-Class: x.B\r\n\r\n"), ElementsAre("x.B", "A"));
  EXPECT_THAT(with("Manifest-Version: 1.0\nmain-class:  x.\n B \n"), ElementsAre("x.B", "A"));
  EXPECT_THAT(with("Main-Class: x.Heir\n"), ElementsAre("x.Heir", "A", "x.B"));
  EXPECT_THAT(with("Main-Class: x.Gone\n"), ElementsAre("A", "x.B"));
  EXPECT_THAT(with("Other: 1\n\nMain-Class: x.B\n"), ElementsAre("A", "x.B"));  // another section
  EXPECT_THAT(with("Main-Class"), ElementsAre("A", "x.B"));
}

TEST_F(ProgramCheckTest, AJarWithoutMainClassesIsAJar) {
  EXPECT_THAT(jar({{"A.class", ClassFileBuilder("A").bytes()}, {"B.class", "no class"}}).value(),
              IsEmpty());
}

TEST_F(ProgramCheckTest, RefusesWhatIsNoZip) {
  EXPECT_THAT(refusal("hello", ProgramKind::jar).message, HasSubstr("no zip archive"));
  EXPECT_EQ(refusal("", ProgramKind::jar).kind, ErrorKind::invalid_argument);
  EXPECT_EQ(refusal(std::string(100'000, '\0'), ProgramKind::jar).kind,
            ErrorKind::invalid_argument);

  std::string bomb(1 << 20, '\0');
  uLongf size = compressBound(bomb.size());
  std::string gzip(size, '\0');
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(gzip.data()), &size,
                     reinterpret_cast<const Bytef*>(bomb.data()), bomb.size()),
            Z_OK);
  EXPECT_EQ(refusal(gzip.substr(0, size), ProgramKind::jar).kind, ErrorKind::invalid_argument);

  ASSERT_TRUE(write_zip(file(), {{"A.class", class_with_main("A")}}));
  const auto whole = read_file(file()).value();
  EXPECT_EQ(refusal(whole.substr(0, whole.size() / 2), ProgramKind::jar).kind,
            ErrorKind::invalid_argument);
}

TEST_F(ProgramCheckTest, WhatInflatesWithoutEndIsBounded) {
  const std::string huge(3 << 20, '\0');
  const std::vector<std::pair<std::string, std::string>> entries = {
      {"Huge.class", huge}, {"A.class", class_with_main("A")}, {"big.bin", huge}};
  EXPECT_THAT(jar(entries, {.class_file_bytes_max = 1 << 20}).value(), ElementsAre("A"));
  const auto refused = jar(entries, {.bytes_max = 2 << 20});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("more than 2 MiB"));
  EXPECT_FALSE(jar({{"A.class", class_with_main("A")}, {"B.class", class_with_main("B")}},
                   {.main_classes_max = 1})
                   .ok());
}

TEST_F(ProgramCheckTest, DamagedJarsGetAnAnswer) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  ASSERT_TRUE(write_zip(file(), {{"META-INF/MANIFEST.MF", "Main-Class: A\n"},
                                 {"A.class", class_with_main("A")},
                                 {"x/B.class", class_with_main("x/B")}}));
  const auto whole = read_file(file()).value();
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    for (auto hits = random() % 4 + 1; hits > 0; --hits) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    ASSERT_TRUE(write_file(file(), damaged).ok());
    const auto names = check_program(file(), "a.jar", ProgramKind::jar);
    EXPECT_TRUE(names.ok() || names.error().kind == ErrorKind::invalid_argument);
  }
}

// ---- Python, and names ----

TEST_F(ProgramCheckTest, PythonIsTextWithSomethingInIt) {
  ASSERT_TRUE(write_file(file(), "# Ἰλιάς\nprint(1)\n").ok());
  EXPECT_THAT(check_program(file(), "a.py", ProgramKind::python).value(), IsEmpty());
  EXPECT_THAT(refusal("", ProgramKind::python).message, HasSubstr("nothing but blank lines"));
  EXPECT_EQ(refusal(" \n\t\r\n", ProgramKind::python).kind, ErrorKind::invalid_argument);
  EXPECT_THAT(refusal("print('\xff')", ProgramKind::python).message, HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal(std::string("print(1)\0", 9), ProgramKind::python).message,
              HasSubstr("not UTF-8"));
}

TEST(ProgramKindOf, GoesByTheName) {
  EXPECT_EQ(program_kind_of("wordcount.py").value(), ProgramKind::python);
  EXPECT_EQ(program_kind_of("a.b.jar").value(), ProgramKind::jar);
  for (const auto* name : {"a.sh", "py", ".py", ".jar", "a.JAR.txt", "a"}) {
    EXPECT_EQ(program_kind_of(name).error().kind, ErrorKind::invalid_argument) << name;
  }
}

}  // namespace
}  // namespace bdaas
