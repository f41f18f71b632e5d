// The man pages of porpoise: porpoise(1) and one page for each command, from the declarations of command_line.cc, and
// porpoise.yaml(5), from config/settings_table.cc. `porpoise help --man` shows one, `--man-dir` writes all.
//
// Pure; any thread.
#pragma once

#include <vector>

#include "cli/command_tree.h"
#include "cli/roff.h"

namespace porpoise {

// porpoise.1 and porpoise-COMMAND.1 of each command of `root`, whose own commands are sections of it.
std::vector<ManPage> command_pages(const CommandEntry& root);

// porpoise.yaml.5: each key with its default, its names in the environment and in a Java worker's files. In
// settings_document.cc.
ManPage settings_page();

// A porpoise.yaml with every key in a comment, below what it is: /etc/porpoise/porpoise.yaml of a new installation. In
// settings_document.cc.
std::string settings_example();

}  // namespace porpoise
