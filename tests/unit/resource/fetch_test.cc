// Whole orders, into a working directory of their own, from folders and from HTTP servers that misbehave.
#include "resource/fetch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "base/descriptor.h"
#include "base/file.h"
#include "support/http_server.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using support::HttpAnswer;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class Fetching : public testing::Test, private FetchListener {
 public:
  Fetching() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = ::mkdtemp(name);
    fs::create_directories(folder_ / "work");
    fs::create_directories(folder_ / "centre/etl/resources");
    limits_.pause = std::chrono::milliseconds(1);
    order_.storage.base_path = "/centre";
    order_.storage.url = "file://" + folder_.string();
  }
  ~Fetching() override { fs::remove_all(folder_); }

  void use_s3(const support::HttpServer& server) {
    order_.storage = {ResourceStorage::Kind::kS3, server.url(""), "/base", "bucket", "eu-west-1", "AK", "secret", ""};
  }
  void use_webhdfs(const support::HttpServer& server) {
    order_.storage = {ResourceStorage::Kind::kWebHdfs, server.url(""), "/base", "", "", "", "", "etl"};
  }
  void put(const std::string& path, std::string_view content) {
    fs::create_directories((centre() / path).parent_path());
    ASSERT_TRUE(write_file(centre() / path, content, 0600, Durability::kAtomic));
  }
  Fetching& want(const std::string& name) {
    order_.files.push_back(*tenant_resource(name, "etl"));
    return *this;
  }
  // Empty: everything is there.
  std::string fetch() {
    const UniqueFd work(::open(this->work().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Status done = fetch_all(order_, work.get(), limits_, *this);
    return done ? "" : done.error().to_string();
  }
  std::string content(const std::string& name) const { return read_file(work() / name, 1U << 30U).value_or("(none)"); }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(work())) names.push_back(entry.path().filename());
    return names;
  }

 protected:
  fs::path work() const { return folder_ / "work"; }
  fs::path centre() const { return folder_ / "centre/etl/resources"; }

 private:
  void on_begin(const ResourceFile& /*file*/) override {}
  void on_retry(const std::string& why) override { retries_.push_back(why); }
  void on_fetched(const ResourceFile& file, const FetchedResource& fetched) override {
    fetched_.push_back(file.name + " " + std::to_string(fetched.bytes));
  }

 protected:
  fs::path folder_;
  ResourceOrder order_;
  FetchLimits limits_;
  std::vector<std::string> retries_, fetched_;
};

class FetchFromFolder : public Fetching {};
class FetchOverHttp : public Fetching {};

TEST_F(FetchFromFolder, PutsFilesUnderTheirFullNames) {
  put("a.sh", "echo a");
  put("lib/deep/b c.py", std::string(300'000, 'b'));
  put("empty", "");
  EXPECT_EQ(want("/a.sh").want("/lib/deep/b c.py").want("empty").fetch(), "");
  EXPECT_EQ(content("a.sh"), "echo a");
  EXPECT_EQ(content("lib/deep/b c.py"), std::string(300'000, 'b'));
  EXPECT_EQ(content("empty"), "");
  EXPECT_THAT(fetched_, ElementsAre("/a.sh 6", "/lib/deep/b c.py 300000", "empty 0"));
}

TEST_F(FetchFromFolder, FilesAreToBeReadByAllAndRunByNobody) {
  put("lib/a.sh", "echo a");
  const mode_t before = ::umask(077);
  EXPECT_EQ(want("/lib/a.sh").fetch(), "");
  ::umask(before);
  EXPECT_EQ(fs::status(work() / "lib/a.sh").permissions(), fs::perms(0644));
  EXPECT_EQ(fs::status(work() / "lib").permissions(), fs::perms(0755));
}

TEST_F(FetchFromFolder, FilesAreAsOpenToTheGroupAsASharedWorkingDirectory) {
  put("lib/a.sh", "echo a");
  fs::permissions(work(), fs::perms(0770));
  EXPECT_EQ(want("/lib/a.sh").fetch(), "");
  EXPECT_EQ(fs::status(work() / "lib/a.sh").permissions(), fs::perms(0664));
  EXPECT_EQ(fs::status(work() / "lib").permissions(), fs::perms(0775));
}

TEST_F(FetchFromFolder, FilesBelongToWhomTheWorkingDirectoryBelongs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  put("lib/a.sh", "echo a");
  ASSERT_EQ(::chown(work().c_str(), 4711, 4712), 0);
  EXPECT_EQ(want("/lib/a.sh").fetch(), "");
  for (const char* const name : {"lib", "lib/a.sh"}) {
    struct stat info {};
    ASSERT_EQ(::stat((work() / name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 4711U) << name;
    EXPECT_EQ(info.st_gid, 4712U) << name;
  }
}

TEST_F(FetchFromFolder, AMissingFileIsNamedWithItsPlace) {
  put("a.sh", "echo a");
  EXPECT_EQ(want("/a.sh").want("/lib/b.py").fetch(),
            "cannot fetch resource /lib/b.py from " + (centre() / "lib/b.py").string() + ": there is no such file");
}

TEST_F(FetchFromFolder, AMissingCentreIsNamedWithItsKeys) {
  order_.storage.base_path = "/elsewhere";
  EXPECT_THAT(want("/a").fetch(), AllOf(HasSubstr(folder_.string() + "/elsewhere"), HasSubstr("resources.base-path")));
}

TEST_F(FetchFromFolder, LinksInTheCentreAreNotFollowed) {
  put("real/a", "a");
  ASSERT_TRUE(write_file(folder_ / "secret", "s", 0600, Durability::kAtomic));
  fs::create_symlink(folder_ / "secret", centre() / "file");
  fs::create_directory_symlink(folder_, centre() / "folder");
  fs::create_symlink("real/a", centre() / "inside");
  for (const char* const name : {"/file", "/folder/secret", "/inside"}) {
    order_.files.clear();
    EXPECT_THAT(want(name).fetch(), HasSubstr("a symbolic link")) << name;
  }
  EXPECT_THAT(left(), Not(testing::Contains("secret")));
}

// The operator may have put the centre where he likes.
TEST_F(FetchFromFolder, TheWayToTheCentreMayBeALink) {
  put("a", "a");
  fs::create_directory_symlink(folder_ / "centre", folder_ / "link");
  order_.storage.base_path = "/link";
  EXPECT_EQ(want("/a").fetch(), "");
}

TEST_F(FetchFromFolder, FoldersAndPipesAreNoFiles) {
  fs::create_directories(centre() / "lib");
  ASSERT_EQ(::mkfifo((centre() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(want("/lib").fetch(), EndsWith("it is a folder; name its files one by one"));
  order_.files.clear();
  EXPECT_THAT(want("/pipe").fetch(), EndsWith("it is no regular file"));
}

TEST_F(FetchFromFolder, LinksInTheWorkingDirectoryLeadNowhere) {
  put("out/a", "a");
  put("b", "b");
  fs::create_directories(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", work() / "out");
  fs::create_symlink(folder_ / "elsewhere/b", work() / "b");
  EXPECT_THAT(want("/out/a").fetch(), HasSubstr("cannot enter folder out of the working directory"));
  order_.files.clear();
  EXPECT_THAT(want("/b").fetch(), HasSubstr("cannot put b into the working directory: File exists"));
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

TEST_F(FetchFromFolder, AFileThatIsAnothersFolderIsAnError) {
  put("a", "a");
  order_.files = {{"/a", "etl/resources/a"}, {"/a/b", "etl/resources/a"}};
  EXPECT_THAT(fetch(), HasSubstr("cannot enter folder a of the working directory"));
}

TEST_F(FetchFromFolder, AllFilesTogetherHaveALimit) {
  put("a", "1234");
  put("b", "56789");
  order_.max_bytes = 9;
  EXPECT_EQ(want("/a").want("/b").fetch(), "");
  fs::remove_all(work());
  fs::create_directories(work());
  order_.max_bytes = 8;
  EXPECT_THAT(fetch(), AllOf(StartsWith("cannot fetch resource /b"), HasSubstr("8 bytes of resources")));
  EXPECT_THAT(left(), ElementsAre("a")) << "nothing half-written stays";
}

TEST_F(FetchOverHttp, S3IsAskedWithASignatureAndTheHashOfNoBody) {
  support::HttpServer server({HttpAnswer{.body = "print(1)"}});
  use_s3(server);
  EXPECT_EQ(want("/lib/a b.py").fetch(), "");
  EXPECT_EQ(content("lib/a b.py"), "print(1)");
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/bucket/base/etl/resources/lib/a%20b.py");
  // That the signature is right is for tests/e2e, which computes it by other means.
  EXPECT_THAT(request.header("Authorization"),
              testing::MatchesRegex("AWS4-HMAC-SHA256 Credential=AK/[0-9]+/eu-west-1/s3/aws4_request, "
                                    "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]+"));
  EXPECT_THAT(request.header("x-amz-content-sha256"), StartsWith("e3b0c442"));
}

TEST_F(FetchOverHttp, S3WithoutKeysIsAskedAnonymously) {
  support::HttpServer server({HttpAnswer{.body = "x"}});
  use_s3(server);
  order_.storage.access_key.clear();
  EXPECT_EQ(want("/a").fetch(), "");
  EXPECT_FALSE(server.requests().at(0).has_header("Authorization"));
}

TEST_F(FetchOverHttp, WhatS3RefusesFailsAtOnceAndSaysWhy) {
  support::HttpServer server(
      {HttpAnswer{.status = 403, .body = "<Error><Code>AccessDenied</Code><Message>No\nway</Message></Error>"},
       HttpAnswer{.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"}});
  use_s3(server);
  const std::string denied = want("/a").fetch();
  EXPECT_EQ(denied, "cannot fetch resource /a from " + server.url("/bucket/base/etl/resources/a") +
                        ": status 403 (AccessDenied: No way); check resources.access-key, resources.secret-key, the "
                        "clock of this machine and the rights on the bucket");
  EXPECT_THAT(fetch(), AllOf(HasSubstr("status 404 (NoSuchKey)"), HasSubstr("resources.base-path")));
  EXPECT_THAT(server.requests(), SizeIs(2));
  EXPECT_THAT(retries_, IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(FetchOverHttp, S3IsNotFollowedElsewhere) {
  support::HttpServer other({HttpAnswer{.body = "x"}});
  support::HttpServer server({HttpAnswer{.status = 307, .headers = {{"Location", other.url("/x")}}}});
  use_s3(server);
  EXPECT_THAT(want("/a").fetch(), HasSubstr("status 307; check resources.url and resources.region"));
  EXPECT_THAT(other.requests(), IsEmpty());
}

TEST_F(FetchOverHttp, AServerThatIsUnwellIsAskedAgain) {
  support::HttpServer server({HttpAnswer{.status = 503}, HttpAnswer{.manner = HttpAnswer::Manner::kReset},
                              HttpAnswer{.body = "all of it", .manner = HttpAnswer::Manner::kTruncate},
                              HttpAnswer{.body = "all of it"}});
  use_s3(server);
  EXPECT_EQ(want("/a").fetch(), "");
  EXPECT_EQ(content("a"), "all of it");
  EXPECT_THAT(retries_, SizeIs(3));
  EXPECT_THAT(retries_[0], AllOf(HasSubstr("status 503"), HasSubstr("trying again in 0.001 s")));
}

TEST_F(FetchOverHttp, AServerThatStaysUnwellIsGivenUp) {
  support::HttpServer server({HttpAnswer{.body = "all of it", .manner = HttpAnswer::Manner::kTruncate}});
  use_s3(server);
  EXPECT_THAT(want("/a").fetch(), EndsWith(", the last of 4 tries"));
  EXPECT_THAT(server.requests(), SizeIs(4));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(FetchOverHttp, AServerThatStallsIsGivenUp) {
  support::HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  use_s3(server);
  limits_.tries = 1;
  limits_.download.stall = std::chrono::seconds(1);
  EXPECT_THAT(want("/a").fetch(), HasSubstr("too slow"));
}

TEST_F(FetchOverHttp, NobodyThereIsSaidWithTheAddress) {
  std::string url;
  {
    support::HttpServer server({HttpAnswer{}});
    use_s3(server);
    url = server.url("/bucket");
  }
  EXPECT_THAT(want("/a").fetch(), AllOf(HasSubstr(url), HasSubstr("Failed to connect")));
}

TEST_F(FetchOverHttp, ABodyAboveTheLimitIsCutOff) {
  support::HttpServer server({HttpAnswer{.body = std::string(100'000, 'x')}});
  use_s3(server);
  order_.max_bytes = 1000;
  EXPECT_THAT(want("/a").fetch(), HasSubstr("1000 bytes of resources"));
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(FetchOverHttp, AnEndlessErrorIsReadOnlyForItsBeginning) {
  support::HttpServer server({HttpAnswer{.status = 404, .body = std::string(10'000'000, 'x')}});
  use_s3(server);
  EXPECT_THAT(want("/a").fetch(), HasSubstr("status 404; "));
}

TEST_F(FetchOverHttp, WebHdfsSendsOnToADataNode) {
  support::HttpServer data_node({HttpAnswer{.body = "from the data node"}});
  support::HttpServer name_node(
      {HttpAnswer{.status = 307, .body = "moved", .headers = {{"Location", data_node.url("/webhdfs/v1/x?op=OPEN")}}}});
  use_webhdfs(name_node);
  EXPECT_EQ(want("/a b").fetch(), "");
  EXPECT_EQ(content("a b"), "from the data node");
  EXPECT_EQ(name_node.requests().at(0).target, "/webhdfs/v1/base/etl/resources/a%20b?op=OPEN&user.name=etl");
  EXPECT_EQ(data_node.requests().at(0).target, "/webhdfs/v1/x?op=OPEN");
}

TEST_F(FetchOverHttp, WebHdfsSaysWhatTheNameNodeSaid) {
  support::HttpServer server({HttpAnswer{
      .status = 403,
      .body = R"({"RemoteException":{"exception":"StandbyException","message":"not in state standby","x":1}})"}});
  use_webhdfs(server);
  EXPECT_THAT(want("/a").fetch(), HasSubstr("status 403 (StandbyException: not in state standby); check "
                                            "resources.user and its rights in HDFS, and that resources.url is the "
                                            "active NameNode"));
}

TEST(StorageErrorText, IsOneBoundedLineOrNothing) {
  EXPECT_EQ(s3_error_text("<html>"), "");
  EXPECT_EQ(s3_error_text("<Code>"), "");
  EXPECT_EQ(s3_error_text("<Message>a\x1b[2Jb</Message>"), "a\\x1b[2Jb");
  EXPECT_EQ(s3_error_text("<Code>" + std::string(5000, 'x')).size(), 300U);
  EXPECT_EQ(webhdfs_error_text("{\"RemoteException\":[1]}"), "");
  EXPECT_EQ(webhdfs_error_text("[]"), "");
}

}  // namespace
}  // namespace porpoise
