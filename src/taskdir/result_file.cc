#include "taskdir/result_file.h"

#include <boost/crc.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "model/host_protocol.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxResultBytes = 64U << 20U;
constexpr const char* kChecksum = "crc32";
constexpr const char* kSeal = "seal";

// Of the compact text without checksum and seal, whose members are sorted.
std::int64_t checksum_of(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return crc.checksum();
}

// Nothing where there was no such member.
std::optional<Json> take_out(Json& json, const char* member) {
  const auto found = json.find(member);
  if (found == json.end()) return std::nullopt;
  Json value = *found;
  json.erase(found);
  return value;
}

bool is_sealed(const std::string& text, const std::optional<Json>& stated, const ResultSeal& seal) {
  return stated && stated->is_string() && seal.fits(text, stated->get_ref<const std::string&>());
}

Result<TaskResult> parse_result(std::string_view text, std::int64_t task_instance_id, const ResultSeal* seal) {
  PORPOISE_TRY(Json json, parse_json(text));
  const auto checksum = take_out(json, kChecksum);
  const auto stated = take_out(json, kSeal);
  const std::string body = dump_json(json);
  if (checksum && *checksum != checksum_of(body)) return fail(ErrorCode::kInvalid, "its checksum is wrong");
  PORPOISE_TRY(TaskResult result, task_result_from_json(json));
  const bool must_be_sealed = seal != nullptr && !seal->is_exempt(task_instance_id);
  if (must_be_sealed && (!is_sealed(body, stated, *seal) || result.task_instance_id != task_instance_id))
    return fail(ErrorCode::kDenied, "its result was not written by its host");
  return result;
}

}  // namespace

void add_survivors(TaskResult& result, const std::vector<ProcessInfo>& survivors) {
  result.survivors = survivors.size();
  if (survivors.empty()) return;
  if (!result.message.empty()) result.message += "; ";
  result.message += "these processes could not be ended: " + describe(survivors);
}

Status write_result(const std::filesystem::path& state_dir, const TaskResult& result, const ResultSeal* seal) {
  Json json = to_json(result);
  const std::string body = dump_json(json);
  json[kChecksum] = checksum_of(body);
  if (seal != nullptr) json[kSeal] = seal->seal(body);
  const auto write = [&, text = dump_json(json)] {
    return write_file(state_dir / kResultFile, text, 0600, Durability::kDurable);
  };
  Status written = write();
  if (!written && written.error().code() == ErrorCode::kDenied && restore_own_access(state_dir)) written = write();
  return written;
}

Result<TaskResult> read_result(const std::filesystem::path& state_dir, std::int64_t task_instance_id,
                               const ResultSeal* seal) {
  const std::filesystem::path file = state_dir / kResultFile;
  PORPOISE_TRY(const std::string text, read_file(file, kMaxResultBytes));
  auto result = parse_result(text, task_instance_id, seal);
  if (!result) return fail(result.error().wrap("cannot read " + file.string()));
  return result;
}

}  // namespace porpoise
