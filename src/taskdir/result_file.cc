#include "taskdir/result_file.h"

#include <nettle/hmac.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/file.h"
#include "base/json.h"
#include "model/host_protocol.h"
#include "process/user.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxFileBytes = 4U << 20U;
constexpr std::size_t kPageBytes = 4096;

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xFU];
  }
  return text;
}

bool from_hex(std::string_view text, unsigned char* bytes, std::size_t size) {
  if (text.size() != 2 * size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, problem] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (problem != std::errc() || end != digits + 2) return false;
  }
  return true;
}

// Of others' it is no secret, and of ours only as long as no other user may read it.
Status check_private(const std::filesystem::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return fail_errno("cannot read " + file.string(), errno);
  if (S_ISREG(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 077U) == 0) return {};
  return fail(ErrorCode::kDenied, file.string() + " is not this user's alone");
}

// A folder that another user's worker has used is no place for ours: its tasks would lose their key.
Status check_owner(const std::filesystem::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 || info.st_uid == ::geteuid()) return {};
  const std::string owner = user_name(info.st_uid);
  return fail(ErrorCode::kDenied, file.parent_path().string() + " is the data folder of a worker of user " + owner +
                                      "; start this one as " + owner + ", or give the whole folder to " +
                                      user_name(::geteuid()) + " (chown -R) when no task runs");
}

// A task of the same user can change the mode of the file, and nothing else of it: gives it its own again, and says so.
// Empty: nobody had changed it.
std::string tighten(const std::filesystem::path& file) {
  struct stat info {};
  const bool own = ::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == ::geteuid();
  const bool fine = (info.st_mode & 077U) == 0 && (info.st_mode & S_IRUSR) != 0;
  if (!own || fine || ::chmod(file.c_str(), 0600) != 0) return {};
  return "gave " + file.string() + " its mode of 0600 again: somebody had changed it, and may have read the key";
}

Status write_key(const std::filesystem::path& file, const unsigned char* key, const std::set<std::int64_t>& unsealed) {
  const Json json = {{"v", 1}, {"key", to_hex(key, ResultSeal::kKeyBytes)}, {"unsealed", unsealed}};
  return write_file(file, dump_json(json), 0600, Durability::kDurable);
}

}  // namespace

Result<std::shared_ptr<ResultSeal>> ResultSeal::make_empty() {
  void* const page = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail_errno("cannot get memory for a key", errno);
  std::shared_ptr<ResultSeal> made(new ResultSeal(static_cast<unsigned char*>(page)));
  if (::madvise(page, kPageBytes, MADV_WIPEONFORK) != 0 || ::madvise(page, kPageBytes, MADV_DONTDUMP) != 0)
    return fail_errno("cannot keep a key out of forks and cores", errno);
  return made;
}

ResultSeal::~ResultSeal() {
  ::explicit_bzero(key_, kKeyBytes);
  ::munmap(key_, kPageBytes);
}

Result<std::shared_ptr<ResultSeal>> ResultSeal::read(const std::filesystem::path& file) {
  PORPOISE_TRY_VOID(check_private(file));
  PORPOISE_TRY(const std::string text, read_file(file, kMaxFileBytes));
  PORPOISE_TRY(const Json json, parse_json(text));
  PORPOISE_TRY(auto seal, make_empty());
  const auto unsealed = json.find("unsealed");
  if (!from_hex(string_or(json, "key", ""), seal->key_, kKeyBytes) || unsealed == json.end() || !unsealed->is_array())
    return fail(ErrorCode::kInvalid, file.string() + " has no key");
  for (const Json& id : *unsealed)
    if (id.is_number_integer()) seal->unsealed_.insert(id.get<std::int64_t>());
  return seal;
}

Result<ResultSeal::Opened> ResultSeal::open(const std::filesystem::path& file, const std::set<std::int64_t>& unsealed) {
  PORPOISE_TRY_VOID(check_owner(file));
  const std::string loose = tighten(file);
  auto known = read(file);
  if (known) return Opened{*std::move(known), loose};
  Opened made;
  if (known.error().code() != ErrorCode::kNotFound) {
    std::error_code ignored;
    std::filesystem::rename(file, file.string() + ".broken", ignored);
    made.problem =
        "put aside " + file.string() + ", by which results of running tasks were known: " + known.error().to_string();
  }
  PORPOISE_TRY(auto seal, make_empty());
  if (::getrandom(seal->key_, kKeyBytes, 0) != static_cast<ssize_t>(kKeyBytes))
    return fail_errno("cannot make a key", errno);
  if (made.problem.empty()) seal->unsealed_ = unsealed;
  PORPOISE_TRY_VOID(write_key(file, seal->key_, seal->unsealed_));
  made.seal = std::move(seal);
  return made;
}

Result<std::shared_ptr<const ResultSeal>> ResultSeal::receive(int socket) {
  PORPOISE_TRY(auto seal, make_empty());
  const ssize_t count = ::recv(socket, seal->key_, kPageBytes, MSG_DONTWAIT);
  if (count != static_cast<ssize_t>(kKeyBytes))
    return fail(ErrorCode::kInvalid, "the requester has not given a key to seal the result with");
  return std::shared_ptr<const ResultSeal>(std::move(seal));
}

bool ResultSeal::send_to(int socket) const {
  return ::send(socket, key_, kKeyBytes, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(kKeyBytes);
}

std::string ResultSeal::seal(std::string_view text) const {
  hmac_sha256_ctx state;
  ::nettle_hmac_sha256_set_key(&state, kKeyBytes, key_);
  ::nettle_hmac_sha256_update(&state, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  std::array<unsigned char, SHA256_DIGEST_SIZE> digest;
  ::nettle_hmac_sha256_digest(&state, digest.size(), digest.data());
  ::explicit_bzero(&state, sizeof state);
  return to_hex(digest.data(), digest.size());
}

bool ResultSeal::fits(std::string_view text, std::string_view seal) const {
  const std::string right = this->seal(text);
  if (right.size() != seal.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < right.size(); ++i)
    difference |= static_cast<unsigned char>(right[i]) ^ static_cast<unsigned char>(seal[i]);
  return difference == 0;
}

// --- The file ---

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
