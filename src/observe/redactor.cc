#include "observe/redactor.h"

#include <algorithm>
#include <utility>

namespace porpoise {

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, std::string());
}

std::string Redactor::apply(std::string_view text) const {
  // All are found in the text as it was: replacing one by one would leave the rest of a secret that overlaps another.
  std::vector<std::pair<std::size_t, std::size_t>> found;  // begin, end
  for (const std::string& secret : secrets_)
    for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret, at + 1))
      found.emplace_back(at, at + secret.size());
  if (found.empty()) return std::string(text);

  std::sort(found.begin(), found.end());
  std::string redacted;
  std::size_t done = 0;
  for (std::size_t i = 0; i < found.size();) {
    const std::size_t begin = found[i].first;
    std::size_t end = found[i].second;
    for (++i; i < found.size() && found[i].first <= end; ++i) end = std::max(end, found[i].second);
    redacted.append(text.substr(done, begin - done)).append("****");
    done = end;
  }
  return redacted.append(text.substr(done));
}

}  // namespace porpoise
