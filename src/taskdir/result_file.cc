#include "taskdir/result_file.h"

#include <boost/crc.hpp>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "model/host_protocol.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxResultBytes = 64U << 20U;
constexpr const char* kChecksum = "crc32";

// Of the compact text without the checksum, whose members are sorted.
std::int64_t checksum_of(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return crc.checksum();
}

Status check_seal(Json json) {
  const auto found = json.find(kChecksum);
  if (found == json.end()) return {};
  const Json stated = *found;
  json.erase(found);
  if (stated == checksum_of(dump_json(json))) return {};
  return fail(ErrorCode::kInvalid, "its checksum is wrong");
}

Result<TaskResult> parse_result(std::string_view text) {
  PORPOISE_TRY(const Json json, parse_json(text));
  PORPOISE_TRY_VOID(check_seal(json));
  return task_result_from_json(json);
}

}  // namespace

void add_survivors(TaskResult& result, const std::vector<ProcessInfo>& survivors) {
  result.survivors = survivors.size();
  if (survivors.empty()) return;
  if (!result.message.empty()) result.message += "; ";
  result.message += "these processes could not be ended: " + describe(survivors);
}

Status write_result(const std::filesystem::path& state_dir, const TaskResult& result) {
  Json json = to_json(result);
  json[kChecksum] = checksum_of(dump_json(json));
  return write_file(state_dir / kResultFile, dump_json(json), 0600, Durability::kDurable);
}

Result<TaskResult> read_result(const std::filesystem::path& state_dir) {
  const std::filesystem::path file = state_dir / kResultFile;
  PORPOISE_TRY(const std::string text, read_file(file, kMaxResultBytes));
  auto result = parse_result(text);
  if (!result) return fail(result.error().wrap("cannot read " + file.string()));
  return result;
}

}  // namespace porpoise
