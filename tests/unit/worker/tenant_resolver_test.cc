// Tenants whose name service is slow, silent, or broken.
#include "worker/tenant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace porpoise {
namespace {

using std::chrono::milliseconds;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Resolver : public testing::Test {
 protected:
  ~Resolver() override { let_go(); }

  // `hang`: tenants about whom it is silent until let_go(); `missing`: who have no user until they are created.
  TenantResolver::Source source(bool creates) {
    TenantResolver::Source source;
    source.look_up = [this](const std::string& tenant) -> Result<std::string> {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(tenant);
        if (missing_.contains(tenant)) return fail(ErrorCode::kNotFound, tenant + " is missing");
        if (!hangs_.contains(tenant)) return tenant + "-user";
      }
      released_.wait();
      return tenant + "-user";
    };
    if (creates)
      source.create = [this](const std::string& tenant) -> Status {
        const std::lock_guard lock(mutex_);
        missing_.erase(tenant);
        created_.push_back(tenant);
        return {};
      };
    return source;
  }

  void let_go() {
    if (!std::exchange(let_go_, true)) release_.set_value();
  }

  void resolve(TenantResolver& resolver, const std::string& tenant) {
    resolver.resolve(tenant, [this, tenant](const Result<std::string>& user) {
      heard_.push_back(tenant + ": " + (user ? *user : user.error().to_string()));
    });
  }
  void run() {
    io_.restart();
    io_.run();
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool let_go_ = false;
  std::mutex mutex_;
  std::set<std::string> hangs_, missing_;
  std::vector<std::string> asked_, created_;
  boost::asio::io_context io_;
  BlockingCalls calls_{io_, {.threads = 2}};
  std::vector<std::string> heard_;
  const TenantResolver::Times short_{.look_up = milliseconds(30)};
};

TEST_F(Resolver, AsksOnceForAllTasksOfATenantAndRemembers) {
  TenantResolver resolver(calls_, source(false));
  for (int i = 0; i < 3; ++i) resolve(resolver, "etl");
  EXPECT_THAT(heard_, IsEmpty());
  run();
  EXPECT_THAT(heard_, ElementsAre("etl: etl-user", "etl: etl-user", "etl: etl-user"));
  resolve(resolver, "etl");
  EXPECT_THAT(heard_, SizeIs(4));
  EXPECT_THAT(asked(), ElementsAre("etl"));
}

TEST_F(Resolver, ForgetsAUserAfterSomeSeconds) {
  TenantResolver resolver(calls_, source(false), {.known = milliseconds(0)});
  resolve(resolver, "etl");
  run();
  resolve(resolver, "etl");
  run();
  EXPECT_THAT(asked(), ElementsAre("etl", "etl"));
}

TEST_F(Resolver, FailsATenantByNameWhoseNameServiceIsSilentAndNobodyElse) {
  hangs_ = {"ldap"};
  TenantResolver resolver(calls_, source(false), short_);
  resolve(resolver, "ldap");
  resolve(resolver, "etl");
  run();
  EXPECT_THAT(heard_, ElementsAre("etl: etl-user",
                                  "ldap: the user of tenant \"ldap\" could not be looked up within 0.03 s: the name "
                                  "service of this machine does not answer"));
  // No second thread hangs for the same tenant; once the answer is there, it counts.
  resolve(resolver, "ldap");
  EXPECT_THAT(heard_.back(), HasSubstr("could not be looked up"));
  EXPECT_THAT(asked(), SizeIs(2));
  EXPECT_EQ(calls_.hung(), 1U);
  let_go();
  while (calls_.hung() > 0) {
    io_.restart();
    io_.run_one_for(milliseconds(10));
  }
  resolve(resolver, "ldap");
  EXPECT_THAT(heard_.back(), "ldap: ldap-user");
  EXPECT_THAT(asked(), SizeIs(2));
}

TEST_F(Resolver, ForgetsWhatASourceSaidThatIsNotInForceAnyMore) {
  TenantResolver resolver(calls_, source(false));
  resolve(resolver, "known");
  run();
  hangs_ = {"asked"};
  resolve(resolver, "asked");  // the old source answers after the new one is in force
  TenantResolver::Source other;
  other.look_up = [](const std::string& tenant) -> Result<std::string> { return tenant + "-other"; };
  resolver.use(std::move(other));
  resolve(resolver, "known");
  let_go();
  run();
  EXPECT_THAT(heard_, testing::UnorderedElementsAre("known: known-user", "known: known-other", "asked: asked-other"));
}

TEST_F(Resolver, MakesAUserThatIsMissingWhereItMay) {
  missing_ = {"new"};
  TenantResolver resolver(calls_, source(true));
  resolve(resolver, "new");
  run();
  EXPECT_THAT(heard_, ElementsAre("new: new-user"));
  EXPECT_THAT(created_, ElementsAre("new"));
}

TEST_F(Resolver, SaysThatAUserIsMissingWhereItMayNot) {
  missing_ = {"new"};
  TenantResolver resolver(calls_, source(false));
  resolve(resolver, "new");
  run();
  EXPECT_THAT(heard_, ElementsAre("new: new is missing"));
  // It is not remembered: somebody makes the user now.
  missing_.clear();
  resolve(resolver, "new");
  run();
  EXPECT_THAT(heard_.back(), "new: new-user");
}

}  // namespace
}  // namespace porpoise
