// porpoise: the program. Each subcommand is one file in cli/.
#include <signal.h>

#include "cli/commands.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not our end
  return porpoise::run_command_line(argc, argv);
}
