#include "machine/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using testing::HasSubstr;

Interface up(const std::string& name, std::array<std::uint8_t, 4> ip) { return {name, ip, true, false}; }
const Interface kLoopback{"lo", {127, 0, 0, 1}, true, true};

TEST(Address, PrefersSiteLocalOfTheInterfacesThatAreUp) {
  Interface down = up("eth9", {10, 0, 0, 9});
  down.up = false;
  EXPECT_EQ(choose_ipv4({kLoopback, down, up("eth0", {8, 8, 8, 8}), up("eth1", {192, 168, 1, 2})}), "192.168.1.2");
  EXPECT_EQ(choose_ipv4({kLoopback, down, up("eth0", {8, 8, 8, 8}), up("eth1", {9, 9, 9, 9})}), "8.8.8.8");
  EXPECT_EQ(choose_ipv4({up("eth0", {10, 0, 0, 1}), up("eth1", {10, 0, 0, 2})}), "10.0.0.1");
}

TEST(Address, SiteLocalIsWhatJavaCallsSo) {
  EXPECT_EQ(choose_ipv4({up("a", {172, 15, 0, 1}), up("b", {172, 16, 0, 1})}), "172.16.0.1");
  EXPECT_EQ(choose_ipv4({up("a", {172, 32, 0, 1}), up("b", {172, 31, 255, 1})}), "172.31.255.1");
  EXPECT_EQ(choose_ipv4({up("a", {192, 169, 0, 1}), up("b", {192, 168, 0, 1})}), "192.168.0.1");
}

TEST(Address, OfAContainerBridgeIsTheLastResort) {
  EXPECT_EQ(choose_ipv4({up("docker0", {172, 17, 0, 1}), up("eth0", {8, 8, 8, 8})}), "8.8.8.8");
  EXPECT_EQ(choose_ipv4({up("docker0", {172, 17, 0, 1})}), "172.17.0.1");
}

TEST(Address, AliasesAndLinkLocalAreNotTaken) {
  const auto chosen = choose_ipv4({kLoopback, up("eth0:1", {10, 0, 0, 1}), up("eth1", {169, 254, 0, 1})});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), ErrorCode::kNotFound);
}

TEST(Address, GivenBeatsWhatWouldBeFound) {
  AddressOptions options{"worker-1.example:4321", "10.0.0.1", 1234, true};
  EXPECT_EQ(find_address(options), "worker-1.example:4321");
  options.advertise = "worker-1";
  EXPECT_EQ(find_address(options), "worker-1:1234");
  options.advertise = "";
  EXPECT_EQ(find_address(options), "10.0.0.1:1234");
}

TEST(Address, ThatMastersCannotReadOrReachIsRefusedWithAHint) {
  for (const char* given : {"::1", "[::1]:1234", "a:b", "a:0", "a:65536", "a:-1", "a:", ":1234", "0.0.0.0",
                            "0.0.0.0:1234", "a/b:1", "a b:1", "a,b:1"}) {
    const auto address = advertised_address(given, 1234);
    ASSERT_FALSE(address) << given;
    EXPECT_THAT(address.error().message(), HasSubstr("--advertise-address")) << given;
  }
}

TEST(Address, FoundOnThisMachineIsOneOfItsOwnOrSaysWhatToDo) {
  const auto address = find_address({});
  if (address)
    EXPECT_TRUE(address->ends_with(":1234")) << *address;
  else
    EXPECT_THAT(address.error().message(), HasSubstr("--advertise-address"));
}

TEST(KubernetesHost, IsShortenedForAPodOfAStatefulSet) {
  EXPECT_EQ(kubernetes_host("worker-0.worker-headless.ds.svc.cluster.local"), "worker-0.worker-headless");
}

TEST(KubernetesHost, IsLeftAloneOtherwise) {
  for (const char* name : {"worker-0", "a.b.c.d.e.f", "a.b.c.svc.cluster", "a.b.c.d.svc.f.g", "a.b.c.svc.e.f.g", ""})
    EXPECT_EQ(kubernetes_host(name), name);
}

}  // namespace
}  // namespace porpoise
