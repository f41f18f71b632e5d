#include "net/places.h"

#include <algorithm>
#include <tuple>

namespace porpoise {
namespace {

// Whether `left` leaves before `right` does.
bool leaves_before(const Place* left, const Place* right) {
  const auto rank = [](const Place& place) {
    return std::make_tuple(place.acquaintance, place.has_spoken, place.last_traffic);
  };
  return rank(*left) < rank(*right);
}

template <typename Candidate>
const Place* first_to_leave(const std::vector<Place>& places, Candidate is_candidate) {
  const Place* first = nullptr;
  for (const Place& place : places)
    if (is_candidate(place) && (first == nullptr || leaves_before(&place, first))) first = &place;
  return first;
}

template <typename Candidate>
std::size_t count(const std::vector<Place>& places, Candidate is_candidate) {
  return static_cast<std::size_t>(std::count_if(places.begin(), places.end(), is_candidate));
}

}  // namespace

Entry enter(const std::vector<Place>& places, const IpBytes& peer, Acquaintance acquaintance, PlaceLimits limits) {
  const auto take_place_of = [&](auto is_candidate) {
    const Place* const first = first_to_leave(places, is_candidate);
    return first == nullptr ? Entry{false, {}} : Entry{true, first->id};
  };
  const auto of_peer = [&](const Place& place) { return place.peer == peer; };
  const auto is_stranger = [](const Place& place) { return place.acquaintance == Acquaintance::kStranger; };
  const auto is_no_master = [](const Place& place) { return place.acquaintance != Acquaintance::kMaster; };

  if (count(places, of_peer) >= limits.most_of_a_peer)
    return take_place_of([&](const Place& place) { return of_peer(place) && is_no_master(place); });
  if (acquaintance == Acquaintance::kStranger) {
    const std::size_t for_strangers = limits.most - limits.reserved_for_masters();
    if (places.size() < limits.most && count(places, is_stranger) < for_strangers) return {};
    return take_place_of(is_stranger);
  }
  return places.size() < limits.most ? Entry{} : take_place_of(is_no_master);
}

std::optional<std::uint64_t> holder_to_leave(const std::vector<Place>& places, bool strangers_only) {
  const Place* const first = first_to_leave(places, [&](const Place& place) {
    return place.held_bytes > 0 && (!strangers_only || place.acquaintance != Acquaintance::kMaster);
  });
  if (first == nullptr) return std::nullopt;
  return first->id;
}

}  // namespace porpoise
