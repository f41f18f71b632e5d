// The text of sdk_client.py, which travels inside the plugin: wherever the plugin is, its other half is too. Pure.
#pragma once

#include <string_view>

namespace porpoise::openmldb {

extern const std::string_view kSdkProgram;

}  // namespace porpoise::openmldb
