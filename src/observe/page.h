// The page that a browser gets from a worker: its status and its tasks, which the script in it reads from /v1/status
// and /v1/tasks every two seconds. Read only; nothing in it comes from elsewhere.
//
// Pure functions of text. What masters and tasks say of themselves reaches the page as JSON and is shown as text, never
// as HTML; the policy forbids the browser to run anything but the script with the nonce.
#pragma once

#include <string>
#include <string_view>

namespace porpoise {

// `nonce`: letters and digits, new for each answer.
std::string page_html(std::string_view nonce);
// The Content-Security-Policy that belongs to it.
std::string page_policy(std::string_view nonce);

// Whether a browser that says `host` in its request ("127.0.0.1:1235") may have it: an address, localhost or, without a
// port, `own` (the host of the key `http`). Any other name may be one that a foreign page has had pointed here (DNS
// rebinding), to read by it what is here. Empty: no browser asks.
bool is_own_host(std::string_view host, std::string_view own);

}  // namespace porpoise
