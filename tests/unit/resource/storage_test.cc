#include "resource/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using testing::HasSubstr;

ResourceStorage s3(std::string url, std::string base_path = "/dolphinscheduler") {
  ResourceStorage storage;
  storage.kind = ResourceStorage::Kind::kS3;
  storage.url = std::move(url);
  storage.base_path = std::move(base_path);
  storage.bucket = "ds";
  storage.region = "eu-west-1";
  return storage;
}

TEST(S3Url, IsInPathStyleWithTheKeyOfTheJavaWorker) {
  EXPECT_EQ(s3_url(s3("http://minio:9000"), "etl/resources/a.py"),
            "http://minio:9000/ds/dolphinscheduler/etl/resources/a.py");
  EXPECT_EQ(s3_url(s3("http://minio:9000/", "/"), "etl/resources/a.py"), "http://minio:9000/ds//etl/resources/a.py");
}

TEST(S3Url, IsAmazonsWithoutAnEndpoint) {
  EXPECT_EQ(s3_url(s3(""), "a"), "https://s3.eu-west-1.amazonaws.com/ds/dolphinscheduler/a");
  ResourceStorage china = s3("");
  china.region = "cn-north-1";
  EXPECT_EQ(s3_url(china, "a"), "https://s3.cn-north-1.amazonaws.com.cn/ds/dolphinscheduler/a");
}

TEST(S3Url, EscapesWhatAwsEscapes) {
  EXPECT_EQ(s3_url(s3("http://h"), "a b+c=d&e/~f-g_h.i"), "http://h/ds/dolphinscheduler/a%20b%2Bc%3Dd%26e/~f-g_h.i");
  EXPECT_EQ(percent_encode("ü?#%*'()"), "%C3%BC%3F%23%25%2A%27%28%29");
}

// URLs are shown in logs that tenants read.
TEST(S3Url, OfAnEndpointThatHoldsAUserIsRefused) {
  const auto url = s3_url(s3("http://me:secret@minio:9000"), "a");
  ASSERT_FALSE(url);
  EXPECT_THAT(url.error().to_string(), HasSubstr("resources.url must be http(s)://HOST[:PORT][/PATH]"));
  EXPECT_FALSE(s3_url(s3("ftp://h"), "a"));
  EXPECT_FALSE(s3_url(s3("http://h?x=y"), "a"));
}

TEST(WebHdfsUrl, HasThePathOfTheFileAndWhoAsks) {
  ResourceStorage storage;
  storage.url = "http://nn:9870";
  storage.base_path = "/dolphinscheduler";
  EXPECT_EQ(webhdfs_url(storage, "etl/resources/a b.py"),
            "http://nn:9870/webhdfs/v1/dolphinscheduler/etl/resources/a%20b.py");
  EXPECT_EQ(webhdfs_open_query(storage), "?op=OPEN");
  storage.user = "a&b";
  EXPECT_EQ(webhdfs_open_query(storage), "?op=OPEN&user.name=a%26b");
  storage.base_path = "/";
  EXPECT_EQ(webhdfs_url(storage, "etl/a"), "http://nn:9870/webhdfs/v1/etl/a");
}

}  // namespace
}  // namespace porpoise
