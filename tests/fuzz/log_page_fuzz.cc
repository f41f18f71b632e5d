// A task writes any bytes to its log and a peer asks for any page: pages are valid UTF-8 and of bounded size, those of
// the log viewer show each line once and end, and neither an index nor growth of the log changes a page.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/json.h"
#include "logs/log_answer.h"
#include "logs/log_pager.h"

namespace {

void check(bool promise) {
  if (!promise) std::abort();
}

// How many lines Java's BufferedReader finds.
std::int64_t count_lines(std::string_view content) {
  std::int64_t count = 0;
  bool line = false;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n' && i > 0 && content[i - 1] == '\r') continue;
    line = content[i] != '\n' && content[i] != '\r';
    if (!line) ++count;
  }
  return line ? count + 1 : count;
}

// What the API server counts: parts between CRLF, without empty ones at the end.
std::int64_t count_shown(std::string_view page) {
  std::int64_t count = 0;
  std::int64_t filled = 0;
  for (; !page.empty(); ++count) {
    const std::size_t end = page.find("\r\n");
    if (end > 0) filled = count + 1;
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 2);
  }
  return filled;
}

std::string read_page(porpoise::LogPager& pager, int fd, std::int64_t skip, std::int64_t limit) {
  const auto page = pager.page(fd, skip, limit);
  check(page.has_value());
  check(page->size() < 300'000);
  check(page->empty() || page->ends_with("\r\n"));
  nlohmann::json(*page).dump();  // throws for what is not UTF-8
  return *page;
}

void check_pages(int fd, std::string_view content, std::int64_t step) {
  porpoise::LogPager pager;
  std::int64_t seen = 0;
  for (std::string page; !(page = read_page(pager, fd, seen, step)).empty();) {
    const std::int64_t shown = count_shown(page);
    check(shown > 0 && shown <= step);
    seen += shown;
  }
  check(seen == count_lines(content));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  struct {
    std::int64_t skip;
    std::int64_t limit;
    std::uint16_t grown;   // bytes of the log that come later
    std::uint16_t repeat;  // of the log, seldom, so that it reaches over blocks and marks
  } request{};
  if (size < sizeof request) return 0;
  std::memcpy(&request, data, sizeof request);
  const std::string_view seed(reinterpret_cast<const char*>(data) + sizeof request, size - sizeof request);
  std::string content;
  const int repeat = request.repeat % 128 == 0 ? request.repeat : 0;
  for (int i = 0; i <= repeat && content.size() < 100'000; ++i) content += seed;
  const std::size_t later = content.empty() ? 0 : request.grown % content.size();

  const porpoise::UniqueFd fd(::memfd_create("log", MFD_CLOEXEC));
  const auto write_rest = [&](std::string_view part) {
    check(::write(fd.get(), part.data(), part.size()) == static_cast<ssize_t>(part.size()));
  };
  write_rest(std::string_view(content).substr(0, content.size() - later));
  porpoise::LogPager growing;
  read_page(growing, fd.get(), request.skip, request.limit);
  write_rest(std::string_view(content).substr(content.size() - later));

  check_pages(fd.get(), content, 1000);
  if (content.size() < 500) check_pages(fd.get(), content, 1 + request.limit % 8 * (request.limit > 0 ? 1 : 0));
  const std::int64_t lines = count_lines(content);
  for (const std::int64_t skip : {request.skip, lines == 0 ? 0 : (request.skip & INT32_MAX) % lines, std::int64_t{0}}) {
    porpoise::LogPager fresh;
    check(read_page(fresh, fd.get(), skip, request.limit) == read_page(growing, fd.get(), skip, request.limit));
  }

  const auto tail = porpoise::find_tail(fd.get(), request.grown);
  check(tail && tail->begin <= tail->end && tail->end == content.size() && tail->end - tail->begin <= request.grown);
  const std::size_t piece = 1 + request.grown % 100 + content.size() / 1000;
  porpoise::AppIdScan cut;
  for (std::size_t i = 0; i < content.size(); i += piece) cut.feed(std::string_view(content).substr(i, piece));
  cut.finish();
  porpoise::AppIdSearch search(fd.get());
  while (!search.go_on(1).value()) continue;
  check(search.ids() == cut.ids());
  porpoise::CrLfText whole, pieces;
  std::string text;
  for (std::size_t i = 0; i < content.size(); i += piece)
    text += pieces.feed(std::string_view(content).substr(i, piece), false);
  text += pieces.feed("", true);
  nlohmann::json(text).dump();  // throws for what is not UTF-8
  check(count_lines(whole.feed(content, true)) == count_lines(text) && count_lines(text) == count_lines(content));
  return 0;
}
