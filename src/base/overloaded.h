// One function object of several, for std::visit: each alternative of a variant goes to the one that takes it.
//
// A value; any thread.
#pragma once

namespace porpoise {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 does not find it out

}  // namespace porpoise
