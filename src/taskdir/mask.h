// Hides passwords in log text. Pure.
#pragma once

#include <span>
#include <string>

namespace porpoise {

// Replaces values like password":"…" and password='…' by as many asterisks, whatever the case (3.1
// `SensitiveDataConverter`); also with blanks around the sign and with \" for ".
void mask_passwords(std::span<char> line);

// The same for a line that comes in pieces, wherever it was cut: in the word, before the value or within it.
class PasswordMask {
 public:
  // `goes_on`: the next piece continues the line.
  void mask(std::span<char> piece, bool goes_on);

 private:
  std::string before_;  // what the next piece must be read behind, without a byte of a password in it
};

}  // namespace porpoise
