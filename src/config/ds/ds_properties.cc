// common.properties, and the rule by which its three storage types become porpoise's.
#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "base/text.h"
#include "config/ds/ds_conf.h"

namespace porpoise {
namespace {

constexpr const char* kStorageType = "resource.storage.type";
constexpr const char* kDefaultFs = "resource.hdfs.fs.defaultFS";
constexpr const char* kEndpoint = "resource.aws.s3.endpoint";
constexpr const char* kEnvPath = "dolphinscheduler.env.path";
constexpr const char* kWebHdfsPort = "9870";  // where a NameNode of Hadoop 3 serves WebHDFS when nothing is configured

// Where Hadoop's fs.defaultFS is for porpoise, which speaks WebHDFS and not the NameNode's RPC.
struct FileSystem {
  const char* type = nullptr;  // nullptr: not supported
  std::string url = {};
  bool is_guess = false;
};

FileSystem file_system_of(const std::string& url) {
  const std::size_t end = url.find("://");
  if (end == std::string::npos) return {};
  const std::string scheme = url.substr(0, end);
  const std::string rest = url.substr(end + 3);
  if (scheme == "file") return {"file", url};
  if (scheme == "http" || scheme == "https") return {"webhdfs", url};
  if (scheme == "webhdfs") return {"webhdfs", "http://" + rest};
  if (scheme == "swebhdfs") return {"webhdfs", "https://" + rest};
  if (scheme == "hdfs")
    return {"webhdfs", "http://" + rest.substr(0, rest.find_first_of(":/")) + ":" + kWebHdfsPort, true};
  return {};
}

const Setting* find_by_property(std::string_view key) {
  for (const Setting& setting : worker_settings())
    if (!setting.property.empty() && setting.property == key) return &setting;
  return nullptr;
}

std::vector<std::string> known_properties() {
  std::vector<std::string> keys{kStorageType, kDefaultFs};
  for (const Setting& setting : worker_settings())
    if (!setting.property.empty()) keys.emplace_back(setting.property);
  return keys;
}

class PropertiesReader {
 public:
  PropertiesReader(const ConfigText& file, const std::filesystem::path& folder) : file_(file), folder_(folder) {
    for (LocatedValue& value : parse_properties(file.text)) {
      std::string key = value.key;
      values_.insert_or_assign(std::move(key), std::move(value));
    }
    storage_ = text_of(kStorageType);
    for (char& c : storage_) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (storage_ == "HDFS") file_system_ = file_system_of(text_of(kDefaultFs));
  }

  DsConf read() {
    std::vector<const LocatedValue*> in_order;
    for (const auto& [key, value] : values_) in_order.push_back(&value);
    std::sort(in_order.begin(), in_order.end(),
              [](const LocatedValue* left, const LocatedValue* right) { return left->line < right->line; });
    for (const LocatedValue* const value : in_order) read_value(*value);
    return std::move(conf_);
  }

 private:
  std::string text_of(const char* key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : found->second.text;
  }

  void read_value(const LocatedValue& value) {
    if (value.key == kStorageType) return read_storage_type(value);
    const bool is_s3 = value.key.starts_with("resource.aws.");
    const bool is_hdfs = value.key.starts_with("resource.hdfs.");
    if ((is_s3 && storage_ != "S3") || (is_hdfs && storage_ != "HDFS"))
      return ignore(value, std::string(kStorageType) + " is not " + (is_s3 ? "S3" : "HDFS"));
    if (value.key == kDefaultFs) return read_default_fs(value);
    const Setting* const setting = find_by_property(value.key);
    if (setting == nullptr) return ignore(value, std::string(reason_to_ignore(value.key)));
    if (value.key == kEnvPath && !value.is_null) return assign(value, setting, (folder_ / value.text).string());
    const bool is_bare = value.key == kEndpoint && !value.is_null && value.text.find("://") == std::string::npos;
    assign(value, setting, (is_bare ? "https://" : "") + value.text);  // as Amazon's SDK takes it
  }

  void read_storage_type(const LocatedValue& value) {
    const Setting* const setting = find_setting("resources.type");
    if (value.is_null || storage_ == "NONE") return assign(value, setting, "none");
    if (storage_ == "S3") return assign(value, setting, "s3");
    if (storage_ == "HDFS" && file_system_.type != nullptr) return assign(value, setting, file_system_.type);
    const std::string why = storage_ == "HDFS"  ? "HDFS without a fs.defaultFS that is supported"
                            : storage_ == "OSS" ? "OSS is not supported"
                                                : "'" + value.text + "' is not supported";
    ignore(value, why + "; tasks that need files of the resource centre will fail");
  }

  void read_default_fs(const LocatedValue& value) {
    if (file_system_.type == nullptr)
      return ignore(value, "only file:///, hdfs://, webhdfs://, swebhdfs:// and http(s):// are supported");
    assign(value, find_setting("resources.url"), file_system_.url);
    if (file_system_.is_guess)
      ignore(value, "its port, as porpoise speaks WebHDFS; taken to be at " + file_system_.url +
                        ", set resources.url if it is elsewhere");
  }

  void assign(const LocatedValue& value, const Setting* setting, std::string text) {
    if (text.empty()) return;
    conf_.assignments.push_back({setting, Part::kWhole, std::move(text), value.key, origin(value)});
  }

  void ignore(const LocatedValue& value, const std::string& reason) {
    conf_.ignored.push_back(
        origin(value) + ": " + value.key + ": " +
        (reason.empty() ? "not a key that porpoise knows" + did_you_mean(value.key, known_properties()) : reason));
  }

  std::string origin(const LocatedValue& value) const { return file_.name + " line " + std::to_string(value.line); }

  const ConfigText& file_;
  const std::filesystem::path& folder_;
  std::map<std::string, LocatedValue, std::less<>> values_;  // the last of each key, as in Java
  std::string storage_;
  FileSystem file_system_;
  DsConf conf_;
};

}  // namespace

DsConf read_common_properties(const ConfigText& file, const std::filesystem::path& folder) {
  return PropertiesReader(file, folder).read();
}

}  // namespace porpoise
