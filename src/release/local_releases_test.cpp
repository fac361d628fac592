// Fetches a small release with clients that are scripts: what they do is what the real ones did
// when they were tried.

#include "release/local_releases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <csignal>
#include <thread>

#include "base/digest.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

// Copies g:NAME:1 from ../repo/NAME-1.jar, counting its runs; a file `fail` beside it is said
// instead, and a file `kill` makes it kill whoever called it.
constexpr std::string_view kMaven = R"(#!/usr/bin/python3
import os, re, shutil, signal, sys
here, caller = os.path.dirname(os.path.abspath(__file__)), os.getppid()
with open(here + '/mvn.runs', 'a') as runs: runs.write('run\n')
out = [a.split('=', 1)[1] for a in sys.argv if a.startswith('-DoutputDirectory=')][0]
pom = open(sys.argv[sys.argv.index('-f') + 1]).read()
for name in re.findall(r'<artifactId>(\w+)</artifactId><version>1</version><exc', pom):
    file = name + '-1.jar'
    if os.path.exists(here + '/fail'):
        print(open(here + '/fail').read())
        sys.exit(1)
    print('[INFO] Downloaded from central: x/' + file + ' (5 kB at 5 kB/s)')
    shutil.copy(here + '/../repo/' + file, out)
    if os.path.exists(here + '/hang'): signal.pause()
    if os.path.exists(here + '/kill'):
        os.kill(caller, signal.SIGKILL)
        sys.exit(1)
)";

constexpr std::string_view kPython = R"(#!/usr/bin/python3
import os, shutil, sys
here = os.path.dirname(os.path.abspath(__file__))
if sys.argv[1] == '-c':
    print(os.path.abspath(__file__))
    print('3.11')
    sys.exit(0)
assert sys.argv[1:4] == ['-m', 'pip', 'download'], sys.argv
assert '--require-hashes' in sys.argv and '--no-deps' in sys.argv, sys.argv
dest = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--dest=')][0]
shutil.copy(here + '/../repo/tool-2.tar.gz', dest)
)";

// Dumps an archive, or is a daemon that makes files at its first start and then serves for ever.
constexpr std::string_view kJava = R"(#!/usr/bin/python3
import os, re, signal, sys
if os.path.exists(os.path.dirname(__file__) + '/fail'):
    print('no space left', file=sys.stderr)
    sys.exit(1)
option = lambda name: [a.split('=', 1)[1] for a in sys.argv if a.startswith(name)][0]
if '-Xshare:dump' in sys.argv:
    assert open(option('-XX:SharedClassListFile=')).read() == 'java/lang/Object\n'
    open(option('-XX:SharedArchiveFile='), 'w').write(sys.argv[-1])
    sys.exit(0)
conf = sys.argv[sys.argv.index('-cp') + 1].split(':')[-1]
state = re.search('<name>state</name><value>(.*)</value>', open(conf + '/site.xml').read())[1]
os.makedirs(state + '/store')
for name in ('store/keys', 'store/LOCK'): open(state + '/' + name, 'w').write(sys.argv[-1])
if os.path.exists(os.path.dirname(__file__) + '/dangle'): os.symlink('nowhere', state + '/link')
print('serving now', flush=True)
signal.pause()
)";

std::string gzip(std::string text) {
  std::string out(1024, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class LocalReleasesTest : public testing::Test {
 protected:
  LocalReleasesTest() : temp_(std::move(TempDir::make()).value()) {
    put("bin/mvn", kMaven, 0755);
    put("bin/python3", kPython, 0755);
    put("jdk/bin/java", kJava, 0755);
    put("jdk/release", "JAVA_VERSION=\"17.0.1\"\n");
    put("jdk/lib/modules", "");
    put("repo/one-1.jar", "the first jar");
    put("repo/two-1.jar", "the second jar");
    put("tool-2/src/a.py", "print(1)\n");
    put("tool-2/bin/run", "#!/bin/sh\n", 0755);
    put("tool-2/setup.py", "not wanted\n");
    const auto tarball = (root() / "repo/tool-2.tar.gz").native();
    EXPECT_TRUE(
        run_checked({.argv = {"tar", "-C", root().native(), "-czf", tarball, "tool-2"}}).ok());
    tools_.search_path = (root() / "bin").native();
    tools_.java_home = (root() / "jdk").native();
    tools_.pythons.clear();
    spec_.name = "small";
    spec_.java = {17, 22};
    spec_.python_minimum = "3.8";
    spec_.packages = {package("hadoop", Registry::maven, {{"g:one:1", "one-1.jar"}}),
                      package("spark", Registry::pypi, {{"tool==2", "tool-2.tar.gz"}}),
                      package("comet", Registry::maven, {{"g:two:1", "two-1.jar"}})};
    spec_.packages[1].unpack = {{"tool-2/src/", "python/"}, {"tool-2/bin/", "bin/"}};
    spec_.archives = {{"hadoop", "list.gz", {"hadoop:*"}}};
    spec_.templates = {{.name = "resourcemanager",
                        .class_path = {"hadoop:*"},
                        .main_class = "org.example.Manager",
                        .arguments = {"&"},
                        .settings = {{"site.xml", {{"state", "{dir}/state"}}}},
                        .until = "serving",
                        .take = "state",
                        .leave_out = {"LOCK"},
                        .secret = true}};
  }

  const fs::path& root() const { return temp_.path(); }
  fs::path packages() const { return root() / "packages"; }

  void put(const fs::path& name, std::string_view text, mode_t mode = 0644) {
    EXPECT_TRUE(make_directory((root() / name).parent_path()).ok());
    EXPECT_TRUE(write_file(root() / name, text, mode).ok());
  }

  using Files = std::vector<std::pair<std::string, std::string>>;
  PackageSpec package(const std::string& name, Registry from, const Files& files) const {
    PackageSpec result;
    result.name = name;
    result.version = "1";
    result.from = from;
    for (const auto& [coordinates, file] : files) {
      const auto content = read_file(root() / "repo" / file).value();
      result.files.push_back(
          {coordinates, file, static_cast<std::int64_t>(content.size()), sha256_hex(content)});
    }
    return result;
  }

  std::unique_ptr<Releases> releases() const {
    return make_releases(packages(), tools_, {{spec_}, {{"list.gz", gzip("java/lang/Object\n")}}});
  }

  Result<ReleaseFacts> fetch() {
    said_.clear();
    return releases()->fetch(
        "small", [&](std::string_view line) { said_.emplace_back(line); }, cancel_);
  }

  std::string fetch_error() {
    const auto facts = fetch();
    return facts.ok() ? "no error" : facts.error().message;
  }

  int maven_runs() const {
    const auto text = read_file(root() / "bin/mvn.runs").value_or("");
    return static_cast<int>(std::ranges::count(text, '\n'));
  }

  bool temporary_files_left() const { return !fs::is_empty(packages() / ".tmp"); }

  TempDir temp_;
  HostTools tools_;
  ReleaseSpec spec_;
  std::vector<std::string> said_;
  std::atomic<bool> cancel_{false};
};

TEST_F(LocalReleasesTest, FetchesLaysOutAndTellsFacts) {
  const auto before = releases()->facts("small");
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(before.error().message, HasSubstr("bdaas releases fetch small"));

  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(read_file(facts->hadoop_home + "/one-1.jar").value(), "the first jar");
  EXPECT_EQ(read_file(facts->spark_home + "/python/a.py").value(), "print(1)\n");
  EXPECT_FALSE(fs::exists(facts->spark_home + "/setup.py"));
  EXPECT_EQ(read_file(facts->comet_jar).value(), "the second jar");
  EXPECT_EQ(read_file(facts->hadoop_cds).value(), facts->hadoop_home + "/*");
  EXPECT_EQ(read_file(facts->rm_template + "/store/keys").value(), "&");
  EXPECT_FALSE(fs::exists(facts->rm_template + "/store/LOCK"));
  EXPECT_EQ(facts->versions.at("java"), "17.0.1");
  EXPECT_EQ(facts->python, (root() / "bin/python3").native());

  struct stat status {};
  ASSERT_EQ(::stat((facts->spark_home + "/bin/run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0555u);
  ASSERT_EQ(::stat(facts->comet_jar.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0444u);
  ASSERT_EQ(::stat(facts->rm_template.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u) << "it holds keys";
  EXPECT_FALSE(temporary_files_left());
  EXPECT_THAT(said_, Contains(AllOf(HasSubstr("hadoop 1, comet 1"), HasSubstr(" MB"))));

  EXPECT_EQ(to_json(*releases()->facts("small")), to_json(*facts));
  EXPECT_TRUE(releases()->verify("small").ok());
  const auto list = releases()->list();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_TRUE(list->front().present) << list->front().message;

  EXPECT_TRUE(fetch().ok());
  EXPECT_EQ(maven_runs(), 1) << "what is there was fetched again";
}

TEST_F(LocalReleasesTest, AnotherChecksumIsRefused) {
  put("repo/two-1.jar", "the evil__ jar");
  EXPECT_THAT(fetch_error(), AllOf(HasSubstr("cannot fetch release small"), HasSubstr("g:two:1"),
                                   HasSubstr("checksum")));
  EXPECT_FALSE(releases()->facts("small").ok());
  EXPECT_FALSE(temporary_files_left());
}

TEST_F(LocalReleasesTest, MissingProgramsAreNamedWithTheirPackage) {
  fs::remove(root() / "bin/mvn");
  EXPECT_THAT(fetch_error(), HasSubstr("apt-get install maven"));
  fs::remove(root() / "bin/python3");
  EXPECT_THAT(fetch_error(), HasSubstr("apt-get install python3"));
  tools_.java_home.clear();
  EXPECT_THAT(fetch_error(), HasSubstr("apt-get install openjdk-17"));
}

TEST_F(LocalReleasesTest, OfflineIsOneSentence) {
  put("bin/fail", "[ERROR] Could not transfer artifact g:one: Unknown host\n[ERROR] more\n");
  const auto facts = fetch();
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(facts.error().message, HasSubstr("check the network"));
}

TEST_F(LocalReleasesTest, TooLittleDiskIsSaidBeforeWithNumbers) {
  spec_.packages[0].laid_out_bytes = std::int64_t{1} << 60;
  const auto facts = fetch();
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(facts.error().message, AllOf(HasSubstr(" GB of free disk"), HasSubstr("has ")));
  EXPECT_EQ(maven_runs(), 0);
}

TEST_F(LocalReleasesTest, KilledHalfwayLeavesNothingHalfLaidOut) {
  put("bin/kill", "");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)releases()->fetch(
        "small", [](std::string_view) {}, cancel_);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(temporary_files_left());
  EXPECT_FALSE(releases()->facts("small").ok());

  fs::remove(root() / "bin/kill");
  ASSERT_EQ(fetch_error(), "no error");
  EXPECT_FALSE(temporary_files_left());
}

TEST_F(LocalReleasesTest, TwoAtOnceFetchOnce) {
  const auto shared = releases();
  const auto other = releases();
  const ReleaseProgress silent = [](std::string_view) {};
  bool first_ok = false;
  std::thread first([&] { first_ok = shared->fetch("small", silent, cancel_).ok(); });
  EXPECT_TRUE(other->fetch("small", silent, cancel_).ok());
  first.join();
  EXPECT_TRUE(first_ok);
  EXPECT_EQ(maven_runs(), 1);
}

// Packages that another user shares are read only.
TEST_F(LocalReleasesTest, WhatAnotherUserFetchedIsUsed) {
  const auto own = fetch();
  ASSERT_TRUE(own.ok()) << own.error().message;
  fs::permissions(root(), fs::perms{0755});
  fs::permissions(packages(), fs::perms{0555});
  const bool root_user = ::geteuid() == 0;
  const auto become = [&](uid_t user) { return root_user ? ::seteuid(user) : 0; };
  ASSERT_EQ(become(65534), 0);
  const auto shared = fetch();
  ASSERT_EQ(become(0), 0);
  fs::permissions(packages(), fs::perms{0755});
  ASSERT_TRUE(shared.ok()) << shared.error().message;
  EXPECT_EQ(shared->hadoop_home, own->hadoop_home);
  EXPECT_THAT(said_, testing::IsEmpty());
}

TEST_F(LocalReleasesTest, ACancelledFetchEndsItsClients) {
  put("bin/hang", "");  // the scripted mvn never ends
  const auto facts = releases()->fetch(
      "small",
      [&](std::string_view line) { cancel_ = cancel_ || line.starts_with("small: downloading"); },
      cancel_);
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().kind, ErrorKind::cancelled) << facts.error().message;
}

TEST_F(LocalReleasesTest, ACorruptedPackageIsFoundNamedAndMended) {
  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  const auto victim = facts->spark_home + "/python/a.py";
  ASSERT_TRUE(write_file(victim, "print(2)\n", 0444).ok());
  const auto verified = releases()->verify("small");
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().kind, ErrorKind::corrupted);
  EXPECT_THAT(verified.error().message,
              AllOf(HasSubstr(victim), HasSubstr("bdaas releases fetch small")));
  ASSERT_EQ(fetch_error(), "no error");
  EXPECT_TRUE(releases()->verify("small").ok());
  EXPECT_EQ(maven_runs(), 1) << "the other packages were whole";
  fs::remove(victim);
  EXPECT_FALSE(releases()->verify("small").ok());
}

TEST_F(LocalReleasesTest, WhatIsMadeHereMayBeMissing) {
  put("jdk/bin/fail", "");
  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->hadoop_cds, "");
  EXPECT_EQ(facts->rm_template, "");
  for (const auto* what : {"AppCDS archive of hadoop", "first start of resourcemanager"}) {
    EXPECT_THAT(said_, Contains(AllOf(HasSubstr(what), HasSubstr("not made, starts"),
                                      HasSubstr("no space left"))));
  }
  const auto list = releases()->list();
  EXPECT_FALSE(list->front().present);
  EXPECT_THAT(list->front().message, HasSubstr("AppCDS"));
  fs::remove(root() / "jdk/bin/fail");
  const auto later = fetch();
  ASSERT_TRUE(later.ok()) << later.error().message;
  EXPECT_NE(later->hadoop_cds, "");
  EXPECT_NE(later->rm_template, "");
}

// A file that cannot be read stands for a disk that is full: half a first start is none.
TEST_F(LocalReleasesTest, AFirstStartIsCopiedWholeOrNotAtAll) {
  put("jdk/bin/dangle", "");
  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->rm_template, "");
  EXPECT_THAT(said_, Contains(AllOf(HasSubstr("first start of resourcemanager: not made"),
                                    HasSubstr("/state/link"), HasSubstr("No such file"))));
  EXPECT_FALSE(temporary_files_left());
}

// A template is made once for each user, which nobody can in another user's packages.
TEST_F(LocalReleasesTest, WhatOnlySavesTimeMayBeMissing) {
  const auto none = any_release(*releases());
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(none.error().message, HasSubstr("bdaas releases fetch small"));

  const auto own = fetch();
  ASSERT_TRUE(own.ok()) << own.error().message;
  fs::rename(own->rm_template, root() / "of-somebody-else");
  const auto shared = releases();
  EXPECT_FALSE(shared->list()->front().present);
  EXPECT_TRUE(shared->facts("small").ok());
  const auto any = any_release(*shared);
  ASSERT_TRUE(any.ok()) << any.error().message;
  EXPECT_EQ(any->rm_template, "");
  EXPECT_EQ(any->spark_home, own->spark_home);
}

TEST_F(LocalReleasesTest, NativeLibrariesLieBesideTheirJar) {
  put("native/so/amd64/libthing.so", "x86");
  put("native/so/aarch64/libthing.so", "arm");
  put("native/Thing.class", "class");
  const auto jar = (root() / "repo/two-1.jar").native();
  ASSERT_TRUE(
      run_checked({.argv = {"python3", "-m", "zipfile", "-c", jar, (root() / "native/so").native(),
                            (root() / "native/Thing.class").native()}})
          .ok());
  spec_.packages[2] = package("comet", Registry::maven, {{"g:two:1", "two-1.jar"}});
  spec_.packages[2].extract = {{"so/amd64/", "lib/amd64/"}, {"so/aarch64/", "lib/aarch64/"}};
  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_TRUE(fs::exists(facts->comet_jar));
  EXPECT_TRUE(fs::exists(facts->comet_native + "/libthing.so"));
  EXPECT_TRUE(releases()->verify("small").ok());
  fs::remove(facts->comet_native + "/libthing.so");
  EXPECT_FALSE(releases()->verify("small").ok());
}

TEST_F(LocalReleasesTest, AnotherJavaWantsArchivesOfItsOwn) {
  const auto facts = fetch();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  put("jdk/release", "JAVA_VERSION=\"17.0.2\"\n");
  EXPECT_EQ(releases()->facts("small")->hadoop_cds, "");
  const auto later = fetch();
  ASSERT_TRUE(later.ok()) << later.error().message;
  EXPECT_NE(later->hadoop_cds, "");
  EXPECT_NE(later->hadoop_cds, facts->hadoop_cds);
}

TEST_F(LocalReleasesTest, ArchivesThatLeaveTheirDirectoryAreRefused) {
  put("tool-2/src/b.py", "x\n");
  const auto tarball = (root() / "repo/tool-2.tar.gz").native();
  ASSERT_TRUE(run_checked({.argv = {"tar", "-C", root().native(), "--transform",
                                    "s,src/b.py,src/../../../b.py,", "-czf", tarball, "tool-2"}})
                  .ok());
  spec_.packages[1] = package("spark", Registry::pypi, {{"tool==2", "tool-2.tar.gz"}});
  spec_.packages[1].unpack = {{"tool-2/src/", ""}};
  EXPECT_THAT(fetch_error(), HasSubstr(".."));
  EXPECT_FALSE(fs::exists(packages() / "b.py"));
}

TEST_F(LocalReleasesTest, AnUnknownReleaseGetsTheNearestName) {
  const auto facts = releases()->facts("smal");
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().kind, ErrorKind::not_found);
  EXPECT_THAT(facts.error().message, HasSubstr("did you mean 'small'?"));
}

}  // namespace
}  // namespace bdaas
