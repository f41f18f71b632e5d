// Hides passwords in log text. Pure.
#pragma once

#include <span>

namespace porpoise {

// Replaces values like password":"…" and password='…' by as many asterisks, whatever the case (3.1
// `SensitiveDataConverter`); also with blanks around the sign and with \" for ".
void mask_passwords(std::span<char> line);

}  // namespace porpoise
