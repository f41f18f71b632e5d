#include "registry/saved_session.h"

#include <charconv>
#include <system_error>

#include "base/file.h"
#include "base/json.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxBytes = 64U << 10U;  // it has a few hundred

std::string to_hex(const std::array<char, 16>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kDigits[static_cast<unsigned char>(byte) & 0xFU];
  }
  return text;
}

bool from_hex(const std::string& text, std::array<char, 16>& bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    const char* const begin = text.data() + 2 * i;
    const auto [end, problem] = std::from_chars(begin, begin + 2, value, 16);
    if (problem != std::errc() || end != begin + 2) return false;
    bytes[i] = static_cast<char>(value);
  }
  return true;
}

}  // namespace

Status save_session(const std::filesystem::path& file, const SavedSession& saved) {
  const OrderedJson json{
      {"v", 1},
      {"sessionId", saved.session.id},
      {"password", to_hex(saved.session.password)},
      {"timeoutMs", saved.session.timeout.count()},
      {"servers", saved.servers},
      {"namespace", saved.name_space},
      {"address", saved.address},
      {"bootId", saved.boot_id},
      {"startupTime", saved.startup_time_ms},
  };
  // Not synced to disk: after a power cut the boot id differs anyway.
  return write_file(file, dump_json(json), 0600, Durability::kAtomic);
}

Result<std::optional<SavedSession>> load_session(const std::filesystem::path& file) {
  auto text = read_file(file, kMaxBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return fail(std::move(text).error());
  auto json = parse_json(*text);
  if (!json) return fail(json.error().wrap(file.string()));
  SavedSession saved;
  if (!json->is_object() || integer_or(*json, "v", 0) != 1 ||
      !from_hex(string_or(*json, "password", ""), saved.session.password))
    return fail(ErrorCode::kInvalid, file.string() + " is no saved session");
  saved.session.id = integer_or(*json, "sessionId", 0);
  saved.session.timeout = std::chrono::milliseconds(integer_or(*json, "timeoutMs", 0));
  saved.servers = string_or(*json, "servers", "");
  saved.name_space = string_or(*json, "namespace", "");
  saved.address = string_or(*json, "address", "");
  saved.boot_id = string_or(*json, "bootId", "");
  saved.startup_time_ms = integer_or(*json, "startupTime", 0);
  if (saved.session.id == 0 || saved.session.timeout.count() <= 0 || saved.startup_time_ms <= 0)
    return fail(ErrorCode::kInvalid, file.string() + " is no saved session");
  return saved;
}

Status SessionFile::keep(SavedSession session) {
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
  return write();
}

void SessionFile::forget() {
  const std::lock_guard lock(mutex_);
  session_.reset();
  remove();
}

Status SessionFile::allow(bool allowed) {
  const std::lock_guard lock(mutex_);
  allowed_ = allowed;
  if (allowed_) return write();
  remove();
  return {};
}

Status SessionFile::write() {
  if (file_.empty() || !allowed_ || !session_) return {};
  const Status written = save_session(file_, *session_);
  if (!written) return fail(written.error().wrap("a restart will not take over this session"));
  return {};
}

void SessionFile::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace porpoise
