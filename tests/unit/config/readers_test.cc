// The readers below the settings: properties, placeholders, and the kinds of values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/ds/ds_conf.h"
#include "config/setting_value.h"

namespace porpoise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::vector<LocatedValue>& values) {
  std::vector<std::string> lines;
  for (const LocatedValue& value : values)
    lines.push_back(std::to_string(value.line) + " " + value.key + "=" + value.text);
  return lines;
}

TEST(Properties, AreReadAsJavaReadsThem) {
  EXPECT_THAT(
      lines_of(parse_properties("# no\n! no\n\na=1\n b : 2 \nc 3\r\nd=x\\\n   y\nno\\ blank=\\u00e9\\t\nlone\n"
                                "e=a=b\\\\\nf=#in")),
      ElementsAre("4 a=1", "5 b=2 ", "6 c=3", "7 d=xy", "9 no blank=\xC3\xA9\t", "10 lone=", "11 e=a=b\\", "12 f=#in"));
}

std::string resolved(std::string_view text) {
  const auto value = resolve_placeholders(text, [](std::string_view name) -> std::optional<std::string> {
    if (name == "host") return "zk1";
    if (name == "address") return "${host}:${port:2181}";
    if (name == "name") return "host";
    if (name == "loop") return "x${loop}";
    if (name == "many") return "${more}${more}";
    if (name == "more") return "${most}${most}${most}${most}${most}${most}";
    if (name == "most") return std::string(4000, 'm');
    return std::nullopt;
  });
  return value ? *value : "error: " + value.error().to_string();
}

TEST(Placeholder, TakesValuesDefaultsAndNames) {
  EXPECT_EQ(resolved("plain $ {x} }"), "plain $ {x} }");
  EXPECT_EQ(resolved("${host}:${port:2181}/${host}"), "zk1:2181/zk1");
  EXPECT_EQ(resolved("${address}"), "zk1:2181");
  EXPECT_EQ(resolved("${${name}}"), "zk1");
  EXPECT_EQ(resolved("${a:${b:c}}"), "c");
  EXPECT_EQ(resolved("${a:}"), "");
  EXPECT_EQ(resolved("${open"), "${open");
}

TEST(Placeholder, WithoutAValueOrAnEndIsAnError) {
  EXPECT_EQ(resolved("${missing}"), "error: placeholder ${missing} has no value");
  EXPECT_EQ(resolved("${loop}"), "error: placeholders that need themselves");
  EXPECT_EQ(resolved("${many}"), "error: placeholders that become too long");
}

// `text` read and written again, or "refused".
template <typename Kind, typename Value>
std::string through(std::string_view text) {
  Value value{};
  return Kind::read(text, value) ? std::string(Kind::write(value)) : "refused";
}

TEST(SettingValue, DurationsHaveAUnitOrAreMilliseconds) {
  using Kind = kind::Duration<1, 3600>;
  const auto read = [](std::string_view text) { return through<Kind, std::chrono::milliseconds>(text); };
  EXPECT_EQ(read("10s"), "10s");
  EXPECT_EQ(read("60000"), "1m");
  EXPECT_EQ(read("1500ms"), "1500ms");
  EXPECT_EQ(read("1H"), "1h");
  EXPECT_EQ(read("90s"), "90s");
  for (const char* const wrong : {"", "s", "10 s", "-1s", "600ms", "2h", "1.5s", "10x", "99999999999999999s"})
    EXPECT_EQ(read(wrong), "refused") << wrong;
  EXPECT_THAT(Kind::accepted(), HasSubstr("from 1s to 1h"));
}

TEST(SettingValue, AddressesHaveExactlyOneColon) {
  const auto listen = [](std::string_view text) { return through<kind::ListenAddress, std::string>(text); };
  EXPECT_EQ(listen("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(listen("worker-1.ns.svc:1234"), "worker-1.ns.svc:1234");
  for (const char* const wrong : {"", "host", ":1234", "host:", "host:65536", "host:-1", "::1:1234", "[::1]:1234",
                                  "a b:1", "host:12x", "host:+1"})
    EXPECT_EQ(listen(wrong), "refused") << wrong;
  EXPECT_EQ((through<kind::PeerAddress, std::string>("host:0")), "refused");
  EXPECT_EQ((through<kind::OptionalPeerAddress, std::string>("")), "");
  EXPECT_EQ((through<kind::OptionalListenAddress, std::string>("none")), "none");
}

TEST(SettingValue, ConnectStringsGetThePortOfZooKeeper) {
  const auto read = [](std::string_view text) { return through<kind::ConnectString, std::string>(text); };
  EXPECT_EQ(read("zk1,zk2:2182"), "zk1:2181,zk2:2182");
  EXPECT_EQ(read("zk1:2181/ds/prod"), "zk1:2181/ds/prod");
  EXPECT_EQ(read("zk1:2181/"), "zk1:2181");
  for (const char* const wrong : {"", ",zk1:2181", "zk1:2181,", "zk1:0", "zk1:2181:2181", "zk1 :2181", "/ds", "zk1//x"})
    EXPECT_EQ(read(wrong), "refused") << wrong;
}

TEST(SettingValue, NumbersKeepTheirRange) {
  const auto whole = [](std::string_view text) { return through<kind::Whole<1, 100>, int>(text); };
  EXPECT_EQ(whole("100"), "100");
  for (const char* const wrong : {"", "0", "101", "1.5", "ten", "1 ", "99999999999"})
    EXPECT_EQ(whole(wrong), "refused");
  const auto decimal = [](std::string_view text) { return through<kind::Decimal<-1, 100>, double>(text); };
  EXPECT_EQ(decimal("0.3"), "0.3");
  EXPECT_EQ(decimal("-1"), "-1");
  for (const char* const wrong : {"", "nan", "inf", "1e9", "0.3G"}) EXPECT_EQ(decimal(wrong), "refused") << wrong;
}

TEST(SettingValue, WordsAreTakenInAnyCase) {
  EXPECT_EQ((through<kind::Choice<FullPolicy>, FullPolicy>("CONTINUE")), "continue");
  EXPECT_EQ((through<kind::Choice<FullPolicy>, FullPolicy>("wait")), "refused");
  EXPECT_EQ(kind::Choice<StorageType>::accepted(), "one of none, file, s3, webhdfs");
  EXPECT_EQ((through<kind::Boolean, bool>("Yes")), "true");
  EXPECT_EQ((through<kind::Boolean, bool>("off")), "false");
  EXPECT_EQ((through<kind::Boolean, bool>("1")), "refused");
  EXPECT_EQ((through<kind::LogLevel, std::string>("WARN")), "warn");
  EXPECT_EQ((through<kind::LogLevel, std::string>("loud")), "refused");
}

TEST(SettingValue, HoursOfJavaBecomeAZoneOfTheDatabase) {
  const auto zone = [](std::string_view text) { return through<kind::TimeZoneId, std::string>(text); };
  EXPECT_EQ(zone("Asia/Shanghai"), "Asia/Shanghai");
  EXPECT_EQ(zone("GMT+8"), "Etc/GMT-8");
  EXPECT_EQ(zone("UTC-05:00"), "Etc/GMT+5");
  EXPECT_EQ(zone("+0800"), "Etc/GMT-8");
  EXPECT_EQ(zone("GMT+00:00"), "UTC");
  EXPECT_EQ(zone("Etc/GMT-8"), "Etc/GMT-8");
  for (const char* const wrong : {"GMT+15", "../etc/passwd", "/etc/localtime", "a b", "GMT+5:30"})
    EXPECT_EQ(zone(wrong), "refused") << wrong;
}

TEST(SettingValue, PathsStayWhereTheyAreMeantToBe) {
  const auto base = [](std::string_view text) { return through<kind::BasePath, std::string>(text); };
  EXPECT_EQ(base("/"), "/");
  EXPECT_EQ(base("/ds/x//"), "/ds/x");
  for (const char* const wrong : {"", "ds", "/a/../b", "/a//b"}) EXPECT_EQ(base(wrong), "refused") << wrong;
  const auto url = [](std::string_view text) { return through<kind::ResourceUrl, std::string>(text); };
  EXPECT_EQ(url("file:///mnt"), "file:///mnt");
  EXPECT_EQ(url("https://s3.example.org"), "https://s3.example.org");
  for (const char* const wrong : {"/mnt", "file://host/x", "http://", "hdfs://nn:8020"})
    EXPECT_EQ(url(wrong), "refused") << wrong;
  EXPECT_EQ((through<kind::Namespace, std::string>("/ds")), "refused");
  EXPECT_EQ((through<kind::Namespace, std::string>("a/b")), "a/b");
  EXPECT_EQ((through<kind::Digest, std::string>("user:pass:word")), "user:pass:word");
  EXPECT_EQ((through<kind::Digest, std::string>("userpass")), "refused");
}

}  // namespace
}  // namespace porpoise
