#include "model/var_pool.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace porpoise {
namespace {

struct Candidate {
  const Property* property;
  std::int64_t end_time_ms;
};

bool replaces(const Candidate& later, const Candidate& held) {
  if (later.property->value.empty()) return false;
  return held.property->value.empty() || later.end_time_ms < held.end_time_ms;
}

// Decodes one UTF-8 character, which UTF-8 from JSON always is; a broken byte counts as itself.
char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
  const unsigned char first = byte(at);
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  char32_t character = more == 0 ? first : first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) character = (character << 6U) | (byte(at + i) & 0x3FU);
  at += more + 1;
  return character;
}

// Java's String.hashCode, over UTF-16 units.
std::uint32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t character = next_character(text, at);
    if (character >= 0x10000) hash = hash * 31 + (0xD800U + ((character - 0x10000U) >> 10U));
    hash = hash * 31 + (character >= 0x10000 ? 0xDC00U + ((character - 0x10000U) & 0x3FFU) : character);
  }
  return hash;
}

// The buckets of a HashMap that grew to `count` entries: 16, doubled whenever more than three quarters are in use.
std::uint32_t java_table_size(std::size_t count) {
  std::uint32_t size = 16;
  while (count * 4 > static_cast<std::size_t>(size) * 3) size *= 2;
  return size;
}

// Inside a bucket entries keep the order in which they were inserted, also through growth. (From nine in one bucket on
// Java makes a tree of it; names of parameters do not come near.)
void sort_like_java_hash_map(PropertyList& list) {
  const std::uint32_t mask = java_table_size(list.size()) - 1;
  const auto bucket = [mask](const Property& property) {
    const std::uint32_t hash = java_hash(property.prop);
    return (hash ^ (hash >> 16U)) & mask;
  };
  std::stable_sort(list.begin(), list.end(),
                   [&](const Property& a, const Property& b) { return bucket(a) < bucket(b); });
}

}  // namespace

PropertyList merge_var_pools(const std::vector<Upstream>& upstreams) {
  std::vector<Candidate> chosen;  // in the order of first insertion
  std::map<std::string_view, std::size_t> places;
  for (const Upstream& upstream : upstreams) {
    for (const Property& property : upstream.var_pool) {
      const Candidate candidate{&property, upstream.end_time_ms};
      const auto [place, added] = places.emplace(property.prop, chosen.size());
      if (added) {
        chosen.push_back(candidate);
      } else if (replaces(candidate, chosen[place->second])) {
        chosen[place->second] = candidate;
      }
    }
  }
  PropertyList merged;
  for (const Candidate& candidate : chosen) {
    merged.push_back(*candidate.property);
    merged.back().direct = Direct::kIn;
  }
  sort_like_java_hash_map(merged);
  return merged;
}

}  // namespace porpoise
