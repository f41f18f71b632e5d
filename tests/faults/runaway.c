// A process that runs away: it forks and ends, again and again, each time out of its session and without its
// environment, and ignores every signal that can be ignored. `runaway GROW` with GROW = 1: two children now and then.
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char** words) {
  const int grows = count > 1 && atoi(words[1]) == 1;
  if (fork() != 0) return 0;
  for (int number = 1; number < 64; ++number) signal(number, SIG_IGN);
  for (char** variable = environ; *variable != NULL; ++variable) memset(*variable, 0, strlen(*variable));
  prctl(PR_SET_NAME, words[0][0] == '/' ? strrchr(words[0], '/') + 1 : words[0]);
  for (int generation = 0;; ++generation) {
    if (fork() != 0 && (!grows || generation % 16 != 0)) _exit(0);
    setsid();
    usleep(300);
  }
}
