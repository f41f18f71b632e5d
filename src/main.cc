// porpoise: the program. Each subcommand is one file in cli/.
#include <signal.h>

#include <cstring>

#include "cli/commands.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not our end
  // Whoever wants a worker to read its configuration again may ask while it starts.
  if (argc > 1 && std::strcmp(argv[1], "worker") == 0) ::signal(SIGHUP, SIG_IGN);
  return porpoise::run_command_line(argc, argv);
}
