// The texts that several status printers share. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "progress/run_report.h"
#include "progress/status.h"
#include "progress/table.h"

namespace porpoise {

Color color_of(NodeState state);
std::string colored_state(NodeState state, bool colors);

// "3 of 11 tasks ended": what counts is the top level of the workflow.
std::string started_text(const RunStart& start);
std::string attempt_text(const TaskAttempt& task);  // "", or "attempt 2 of 3"
std::string retry_text(const TaskAttempt& task, std::string_view message, StatusPrinter::Elapsed delay);
std::string outcome_text(const TaskReport& task,
                         bool colors);  // "SUCCESS in 1.2s", "FAILURE in 3.0s after 2 attempts: …"

// The tail of a log (or the plan of a dry run), indented, harmless for terminals; empty for no lines.
std::string excerpt(const std::vector<std::string>& lines, bool colors);

// OUT parameters as "auc=0.93 tag=v2".
std::string outputs_text(const PropertyList& var_pool);

// The table of all tasks, then one line with the state and one with the run directory.
std::string final_table(const RunReport& report, std::size_t width, bool colors);

}  // namespace porpoise
