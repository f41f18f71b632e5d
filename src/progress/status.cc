#include "progress/status.h"

#include "progress/json_status.h"
#include "progress/text_status.h"

namespace porpoise {

std::unique_ptr<StatusPrinter> make_status_printer(StatusFormat format, Output& out) {
  switch (format) {
    case StatusFormat::kTerminal: return std::make_unique<TerminalStatus>(out);
    case StatusFormat::kPlain: return std::make_unique<PlainStatus>(out);
    case StatusFormat::kJson: return std::make_unique<JsonStatus>(out);
    case StatusFormat::kQuiet: return std::make_unique<QuietStatus>(out);
  }
  return std::make_unique<PlainStatus>(out);
}

}  // namespace porpoise
