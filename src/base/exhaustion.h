// What a library throws where the system has no thread, process, descriptor or memory left, as an error that names it.
//
// Free functions; any thread. For the edges where such calls are made, and for the outermost edge of a process.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "base/result.h"

namespace porpoise {

// ErrorCode::kUnavailable: "<what>: no thread or process can be had (Resource temporarily unavailable): …".
Error error_of(const std::string& what, const std::exception& thrown);

// Runs `work`, and gives what it throws as such an error.
Status caught(const std::string& what, const std::function<Status()>& work);

}  // namespace porpoise
