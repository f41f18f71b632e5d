#include "engine/action_order.h"

#include "base/overloaded.h"

namespace porpoise {
namespace {

bool is_barrier(const Action& action) {
  if (const auto* const takeover = std::get_if<action::AllowTakeover>(&action)) return takeover->allowed;
  return std::holds_alternative<action::OpenPort>(action) || std::holds_alternative<action::RegisterAgain>(action) ||
         std::holds_alternative<action::Exit>(action);
}

std::int64_t id_in(const MasterMessage& message) {
  return std::visit([](const auto& m) { return m.task_instance_id; }, message);
}

}  // namespace

bool ActionOrder::is_slow(const Action& action) {
  return std::visit(
      Overloaded{[](const action::Scan&) { return true; }, [](const action::Store&) { return true; },
                 [](const action::Look&) { return true; }, [](const action::StoreMaster&) { return true; },
                 [](const action::StoreResult&) { return true; }, [](const action::StoreAlerted&) { return true; },
                 [](const action::Abandon&) { return true; }, [](const action::Forget&) { return true; },
                 [](const auto&) { return false; }},
      action);
}

std::int64_t ActionOrder::task_of(const Action& action) {
  return std::visit(Overloaded{[](const action::Store& a) { return a.task.id(); },
                               [](const action::Look& a) { return a.task_instance_id; },
                               [](const action::StoreMaster& a) { return a.task.id(); },
                               [](const action::StoreResult& a) { return a.task.id(); },
                               [](const action::StoreAlerted& a) { return a.task_instance_id; },
                               [](const action::Abandon& a) { return a.task_instance_id; },
                               [](const action::Forget& a) { return a.task_instance_id; },
                               [](const action::Launch& a) { return a.task.id(); },
                               [](const action::Adopt& a) { return a.task.id(); },
                               [](const action::Cancel& a) { return a.task_instance_id; },
                               [](const action::Send& a) { return id_in(a.message); },
                               [](const action::AnswerKill& a) { return a.answer.task_instance_id; },
                               [](const auto&) { return std::int64_t{0}; }},
                    action);
}

void ActionOrder::push(std::vector<Action> actions) {
  for (Action& action : actions) {
    const Number number = ++last_;
    if (is_slow(action)) unfinished_.insert(number);
    // The tasks are about to be ended: no later run may continue with them, whatever was to be allowed before.
    if (const auto* const takeover = std::get_if<action::AllowTakeover>(&action); takeover && !takeover->allowed)
      std::erase_if(barriers_,
                    [](const Numbered& one) { return std::holds_alternative<action::AllowTakeover>(one.second); });
    if (!is_barrier(action)) {
      route({number, std::move(action)});
      continue;
    }
    barriers_.emplace_back(number, std::move(action));
    release_barriers();
  }
}

std::optional<Action> ActionOrder::next() {
  if (ready_.empty()) return std::nullopt;
  Action action = std::move(ready_.front());
  ready_.pop_front();
  return action;
}

void ActionOrder::done(std::int64_t task_instance_id) {
  const auto found = lanes_.find(task_instance_id);
  if (found == lanes_.end()) return;
  unfinished_.erase(found->second.busy);
  std::deque<Numbered> behind = std::move(found->second.behind);
  lanes_.erase(found);
  for (Numbered& numbered : behind) route(std::move(numbered));
  release_barriers();
}

void ActionOrder::route(Numbered numbered) {
  const std::int64_t id = task_of(numbered.second);
  const auto lane = lanes_.find(id);
  const bool held_up = lane != lanes_.end() && (id != 0 || is_slow(numbered.second));
  if (held_up)
    lane->second.behind.push_back(std::move(numbered));
  else
    give(std::move(numbered));
}

void ActionOrder::give(Numbered numbered) {
  if (is_slow(numbered.second)) lanes_[task_of(numbered.second)].busy = numbered.first;
  ready_.push_back(std::move(numbered.second));
}

void ActionOrder::release_barriers() {
  while (!barriers_.empty() && (unfinished_.empty() || *unfinished_.begin() > barriers_.front().first)) {
    ready_.push_back(std::move(barriers_.front().second));
    barriers_.pop_front();
  }
}

}  // namespace porpoise
