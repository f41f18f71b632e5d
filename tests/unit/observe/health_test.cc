#include "observe/http_server.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

const HealthReport kWell{.components = {{.name = "registered"}, {.name = "loop", .vital = true}}};
const HealthReport kDraining{
    .components = {{.name = "registered"}, {.name = "accepting", .up = false, .reason = "draining: 3 tasks run"}}};

TEST(Health, IsUpWhenEveryComponentIs) {
  const HealthAnswer answer = render_health(kWell, HealthGroup::kAll);
  EXPECT_TRUE(answer.up);
  EXPECT_EQ(answer.json, R"({"status":"UP","components":{"registered":{"status":"UP"},"loop":{"status":"UP"}},)"
                         R"("groups":["liveness","readiness"]})");
}

TEST(Health, IsUpWhenThereIsNothingToSay) {
  EXPECT_EQ(render_health({}, HealthGroup::kLiveness).json, R"({"status":"UP"})");
}

TEST(Health, SaysWhatIsDownAndWhy) {
  const HealthAnswer answer = render_health(kDraining, HealthGroup::kReadiness);
  EXPECT_FALSE(answer.up);
  EXPECT_EQ(answer.json, R"({"status":"DOWN","components":{"registered":{"status":"UP"},)"
                         R"("accepting":{"status":"DOWN","details":{"reason":"draining: 3 tasks run"}}}})");
  EXPECT_FALSE(render_health(kDraining, HealthGroup::kAll).up);
}

TEST(Health, AsksForARestartOnlyWhenItHelps) {
  EXPECT_TRUE(render_health(kDraining, HealthGroup::kLiveness).up);
  const HealthReport stuck{.components = {{.name = "loop", .up = false, .reason = "stuck", .vital = true}}};
  EXPECT_FALSE(render_health(stuck, HealthGroup::kLiveness).up);
}

TEST(Health, EscapesReasons) {
  const HealthReport report{.components = {{.name = "x", .up = false, .reason = "a \"b\"\n\xff"}}};
  EXPECT_EQ(render_health(report, HealthGroup::kReadiness).json,
            "{\"status\":\"DOWN\",\"components\":{\"x\":{\"status\":\"DOWN\","
            "\"details\":{\"reason\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\"}}}}");
}

}  // namespace
}  // namespace porpoise
