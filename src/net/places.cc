#include "net/places.h"

#include <algorithm>
#include <tuple>
#include <utility>

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

// Of those that are known least, the one that was silent longest. Of those that have never spoken the middle one: it
// neither was there before a crowd came, nor has it only just come and is about to speak.
template <typename Candidate>
const Place* one_to_make_way(const std::vector<Place>& places, Candidate is_candidate) {
  const auto known = [](const Place& place) { return std::make_pair(place.acquaintance, place.has_spoken); };
  std::vector<const Place*> least;
  for (const Place& place : places) {
    if (!is_candidate(place)) continue;
    if (!least.empty() && known(place) < known(*least.front())) least.clear();
    if (least.empty() || known(place) == known(*least.front())) least.push_back(&place);
  }
  if (least.empty()) return nullptr;
  const auto chosen = least.begin() + static_cast<std::ptrdiff_t>(least.front()->has_spoken ? 0 : least.size() / 2);
  std::nth_element(least.begin(), chosen, least.end(), [](const Place* left, const Place* right) {
    return std::make_pair(left->last_traffic, left->id) < std::make_pair(right->last_traffic, right->id);
  });
  return *chosen;
}

template <typename Candidate>
std::size_t count(const std::vector<Place>& places, Candidate is_candidate) {
  return static_cast<std::size_t>(std::count_if(places.begin(), places.end(), is_candidate));
}

}  // namespace

Entry enter(const std::vector<Place>& places, const IpBytes& peer, Acquaintance acquaintance, PlaceLimits limits) {
  const auto take_place_of = [&](auto is_candidate) {
    const Place* const first = one_to_make_way(places, is_candidate);
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
