#include "taskdir/lease.h"

#include <boost/crc.hpp>
#include <cstdio>
#include <ctime>

#include "base/file.h"
#include "process/process_info.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxLeaseBytes = 512;
constexpr int kMaxBootId = 36;

std::string body_of(const Lease& lease) {
  char text[kMaxLeaseBytes];
  std::snprintf(text, sizeof text, "lease 1 boot %-36.36s renewed %019lld expires %019lld", lease.boot_id.c_str(),
                static_cast<long long>(lease.renewed_ms), static_cast<long long>(lease.expires_ms));
  return text;
}

std::string sealed(const std::string& body) {
  boost::crc_32_type crc;
  crc.process_bytes(body.data(), body.size());
  char seal[32];
  std::snprintf(seal, sizeof seal, " crc %08x\n", static_cast<unsigned>(crc.checksum()));
  return body + seal;
}

}  // namespace

std::int64_t boottime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string encode(const Lease& lease) { return sealed(body_of(lease)); }

Result<Lease> decode_lease(std::string_view text) {
  char boot[kMaxBootId + 1] = {};
  long long renewed = 0;
  long long expires = 0;
  const std::string whole(text);
  if (std::sscanf(whole.c_str(), "lease 1 boot %36s renewed %lld expires %lld", boot, &renewed, &expires) != 3)
    return fail(ErrorCode::kInvalid, "is not a lease");
  Lease lease{boot, renewed, expires};
  if (encode(lease) != whole) return fail(ErrorCode::kInvalid, "its checksum is wrong");
  return lease;
}

Result<Lease> read_lease(const std::filesystem::path& file) {
  PORPOISE_TRY(const std::string text, read_file(file, kMaxLeaseBytes));
  auto lease = decode_lease(text);
  if (!lease) return fail(lease.error().wrap("cannot read " + file.string()));
  if (lease->boot_id != boot_id())
    return fail(ErrorCode::kInvalid, "cannot go by " + file.string() + ": it is of another boot");
  return lease;
}

}  // namespace porpoise
