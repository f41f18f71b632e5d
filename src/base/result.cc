#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace porpoise {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not found";
    case Code::kDenied: return "denied";
    case Code::kIo: return "io";
    case Code::kUnavailable: return "unavailable";
    case Code::kTimeout: return "timeout";
    case Code::kCancelled: return "cancelled";
    case Code::kInternal: return "internal";
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
  Code code = Code::kIo;
  if (errno_value == ENOENT) code = Code::kNotFound;
  if (errno_value == EACCES || errno_value == EPERM) code = Code::kDenied;
  char buffer[128];
  // GNU strerror_r returns the text and may not use the buffer; unlike strerror it is thread-safe.
  const char* text = ::strerror_r(errno_value, buffer, sizeof buffer);
  return {code, message + ": " + text};
}

tl::unexpected<Error> fail_errno(std::string message, int errno_value) {
  return tl::unexpected<Error>(errno_error(std::move(message), errno_value));
}

}  // namespace porpoise
