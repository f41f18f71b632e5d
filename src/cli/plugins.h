// `porpoise plugins list|describe`: what the notes of the plugins say. No plugin is loaded.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <vector>

namespace porpoise {

void add_plugins_command(CLI::App& app, int& exit_code);

// The folders to search: those given, PORPOISE_PLUGIN_PATH, then those beside the running executable.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path>& explicit_folders);

}  // namespace porpoise
