// Errors as values: Result<T> is either a T or an Error that names the thing, the place and the causes.
//
// Value types, no locks: confine one object to one thread or copy it. Exceptions of third-party libraries are
// caught at the call that may throw and turned into an Error there; no function of porpoise throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace porpoise {

enum class ErrorCode {
  kInvalid,      // the input is wrong; doing it again will not help
  kNotFound,     // a named thing does not exist
  kDenied,       // permission or policy forbids it
  kIo,           // the operating system reported an error
  kUnavailable,  // a peer or service cannot be reached now
  kTimeout,
  kCancelled,
  kInternal,  // a bug of porpoise or of a plugin
};

std::string_view to_string(ErrorCode code);

class [[nodiscard]] Error {
 public:
  // `message` begins lower-case, names the thing and ends without a period.
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const Error* cause() const { return cause_.get(); }

  // A new error "message: <this error>" with the same code.
  Error wrap(std::string message) const;

  // The whole chain, outermost first: "cannot start task 7: cannot open x: No such file or directory".
  std::string to_string() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::shared_ptr<const Error> cause_;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// "<message>: <strerror(errno_value)>" with ErrorCode::kIo (kNotFound for ENOENT, kDenied for EACCES and EPERM).
Error errno_error(std::string message, int errno_value);
tl::unexpected<Error> fail_errno(std::string message, int errno_value);

}  // namespace porpoise

#define PORPOISE_CONCAT_(a, b) a##b
#define PORPOISE_CONCAT(a, b) PORPOISE_CONCAT_(a, b)
// PORPOISE_TRY(auto x, expr): declares x from a Result, or returns its error from the enclosing function.
#define PORPOISE_TRY(declaration, expression) \
  PORPOISE_TRY_(declaration, expression, PORPOISE_CONCAT(porpoise_try_, __LINE__))
#define PORPOISE_TRY_(declaration, expression, temporary)                                 \
  auto temporary = (expression);                                                          \
  if (!temporary) return tl::unexpected<::porpoise::Error>(std::move(temporary).error()); \
  declaration = std::move(*temporary)
// PORPOISE_TRY_VOID(expr): the same for a Status.
#define PORPOISE_TRY_VOID(expression)                                                                   \
  do {                                                                                                  \
    auto porpoise_status = (expression);                                                                \
    if (!porpoise_status) return tl::unexpected<::porpoise::Error>(std::move(porpoise_status).error()); \
  } while (false)
