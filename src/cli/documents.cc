// What porpoise tells about itself from its own declarations: man pages, completions, a porpoise.yaml to begin with,
// and which build it is.
#include <porpoise/plugin.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "plugin/catalog.h"
#include "porpoise_build.h"  // made by CMake from the commit that was built

namespace porpoise {
namespace {

namespace fs = std::filesystem;

int print_text(std::string_view text) {
  Output output = standard_output();
  output.write(text);
  return finished(output, kExitOk);
}

std::vector<ManPage> all_pages(const CommandEntry& root) {
  std::vector<ManPage> pages = command_pages(root);
  pages.push_back(settings_page());
  return pages;
}

Status write_pages(const CommandEntry& root, const fs::path& folder) {
  for (const ManPage& page : all_pages(root)) {
    const fs::path section = folder / ("man" + std::to_string(page.section));
    std::error_code error;
    fs::create_directories(section, error);
    if (error) return fail_errno("cannot make the folder " + section.string(), error.value());
    PORPOISE_TRY_VOID(write_file(section / page.file_name(), page.text, 0644, Durability::kAtomic));
  }
  return {};
}

// What completion asks this machine for.
std::vector<Candidate> values_of_this_machine(std::string_view kind) {
  std::vector<Candidate> found;
  if (kind == "TYPE") {
    const Catalog catalog = Catalog::scan(plugin_folders(std::vector<fs::path>()));
    for (const CatalogEntry& entry : catalog.types()) found.push_back({entry.type.id, entry.type.summary});
  } else if (kind == "doctor" || kind == "sandbox") {
    for (const Companion& companion : find_companions(kind, executable_folder())) found.push_back({companion.name, ""});
  }
  return found;
}

}  // namespace

const BuildFacts& build_facts() {
  static constexpr BuildFacts kFacts{PORPOISE_VERSION, PORPOISE_COMMIT, PORPOISE_DATE};
  return kFacts;
}

std::string version_text() {
  const BuildFacts& build = build_facts();
  return "porpoise " + std::string(build.version) + "\ncommit " + std::string(build.commit) + " of " +
         std::string(build.date) + "\nplugin ABI " + std::to_string(PORPOISE_ABI_MAJOR) + "." +
         std::to_string(PORPOISE_ABI_MINOR) + "\nspeaks to DolphinScheduler 3.1";
}

int print_man_page(const CommandEntry& root, const std::string& name) {
  for (const ManPage& page : all_pages(root))
    if (page.name == name) return print_text(page.text);
  return print_error("there is no page '" + name + "'; see porpoise help", kExitUsage);
}

int write_man_pages(const CommandEntry& root, const fs::path& folder) {
  const Status written = write_pages(root, folder);
  return written ? kExitOk : print_error(written.error(), kExitEnvironment);
}

int print_completion_script(const std::string& shell) { return print_text(completion_script(shell)); }

int print_completions(const CommandEntry& root, const std::vector<std::string>& words) {
  return print_text(completion_lines(complete(root, words, values_of_this_machine)));
}

int print_config_example() { return print_text(settings_example()); }

}  // namespace porpoise
