#include "observe/disk_space.h"

#include <system_error>
#include <utility>

namespace porpoise {
namespace {

constexpr std::chrono::seconds kEvery{10};
constexpr std::chrono::seconds kLimit{5};

Result<DiskSpace::Room> room_of(const std::filesystem::path& folder) {
  std::error_code problem;
  const std::filesystem::space_info space = std::filesystem::space(folder, problem);
  if (problem) return fail(ErrorCode::kIo, "no room is known of " + folder.string() + ": " + problem.message());
  return DiskSpace::Room{space.available, space.capacity};
}

}  // namespace

DiskSpace::DiskSpace(boost::asio::io_context& io, Folders folders)
    : folders_(std::move(folders)), next_(io), calls_(io, {.threads = 1, .max_hung = folders_.size()}) {
  ask();
}

void DiskSpace::ask() {
  for (const auto& [name, folder] : folders_)
    if (asked_.insert(name).second) ask_about(name, folder);
  next_.expires_after(kEvery);
  next_.async_wait([this](const boost::system::error_code& problem) {
    if (!problem) ask();
  });
}

void DiskSpace::ask_about(const std::string& name, const std::filesystem::path& folder) {
  calls_.call(
      "the room of " + folder.string(), kLimit, [folder] { return room_of(folder); },
      [this, name](const Result<Room>& room) {
        rooms_.erase(name);
        if (room) rooms_.emplace(name, *room);
        if (room || room.error().code() != ErrorCode::kTimeout) asked_.erase(name);
      },
      [this, name](const Result<Room>&) { asked_.erase(name); });
}

}  // namespace porpoise
