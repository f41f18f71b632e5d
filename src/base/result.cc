#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace porpoise {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

Error Error::wrap(std::string message) const {
  Error outer(code_, std::move(message));
  outer.cause_ = std::make_shared<const Error>(*this);
  return outer;
}

std::string Error::to_string() const {
  std::string text = message_;
  for (const Error* error = cause(); error != nullptr; error = error->cause()) {
    text += ": ";
    text += error->message_;
  }
  return text;
}

Error errno_error(std::string message, int errno_value) {
  ErrorCode code = ErrorCode::kIo;
  if (errno_value == ENOENT) code = ErrorCode::kNotFound;
  if (errno_value == EACCES || errno_value == EPERM) code = ErrorCode::kDenied;
  char buffer[128];
  // GNU strerror_r returns the text and may not use the buffer; unlike strerror it is thread-safe.
  const char* text = ::strerror_r(errno_value, buffer, sizeof buffer);
  return {code, std::move(message) + ": " + text};
}

tl::unexpected<Error> fail_errno(std::string message, int errno_value) {
  return tl::unexpected<Error>(errno_error(std::move(message), errno_value));
}

}  // namespace porpoise
