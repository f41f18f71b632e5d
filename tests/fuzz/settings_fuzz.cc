// First byte: which file the rest is. It goes all the way to a WorkerConfig, beside a small environment.
#include <cstddef>
#include <cstdint>
#include <string>

#include "config/worker_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using porpoise::ConfigText;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  porpoise::SettingsSources sources;
  sources.ds_conf = "/conf";
  sources.environment = {{"ZK", "zk1"}, {"LOOP", "${LOOP}${LOOP}"}, {"WORKER_LISTEN_PORT", "1234"}};
  switch (data[0] % 4) {
    case 0: {
      auto config = porpoise::parse_config(text);
      if (!config) {
        if (config.error().message().empty()) __builtin_trap();
        return 0;
      }
      sources.porpoise_yaml = *std::move(config);
      break;
    }
    case 1: sources.application_yaml = ConfigText{"application.yaml", text}; break;
    case 2: sources.common_properties = ConfigText{"common.properties", text}; break;
    default: {  // what bash wrote: three texts behind one another
      const std::size_t third = text.size() / 3;
      const porpoise::BashRecord record{text.substr(0, third), text.substr(third, third), text.substr(2 * third)};
      sources.env_script =
          porpoise::read_bash_record("/conf/env.sh", "dolphinscheduler_env.sh", record, sources.environment);
      break;
    }
  }
  const auto resolved = porpoise::resolve_settings(sources);
  if (!resolved && resolved.error().message().empty()) __builtin_trap();
  return 0;
}
