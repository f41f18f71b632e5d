#include "http/params.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "http/fields.h"

namespace porpoise::http {
namespace {

constexpr std::size_t kMaxEntries = 1000;  // servers refuse as many headers, and nobody clicks as many together
constexpr std::array<std::pair<std::string_view, Check>, 4> kChecks = {
    {{"STATUS_CODE_DEFAULT", Check::kStatus200},
     {"STATUS_CODE_CUSTOM", Check::kStatus},
     {"BODY_CONTAINS", Check::kBodyContains},
     {"BODY_NOT_CONTAINS", Check::kBodyNotContains}}};

// As Java's form encoding, which 3.1 applies to the query: a blank becomes '+'.
std::string form_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-_.*").find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += c == ' ' ? "+" : percent(byte);
  }
  return encoded;
}

// Collects what httpParams and rawBody say into a request.
class Builder {
 public:
  Builder(curl::HttpRequest& request, const Expand& expand) : request_(request), expand_(expand) {}

  Status add_entries(const Json& params) {
    const auto found = params.find("httpParams");
    if (found == params.end() || found->is_null()) return {};
    if (!found->is_array() || found->size() > kMaxEntries)
      return fail(bad("httpParams", "must be a list of at most " + std::to_string(kMaxEntries) + " entries"));
    for (std::size_t i = 0; i < found->size(); ++i)
      if (Status added = add_entry((*found)[i]); !added)
        return fail(added.error().wrap("entry " + std::to_string(i + 1) + " of httpParams"));
    has_entries_ = !found->empty();
    return {};
  }

  Status add_body(const Json& params) {
    PORPOISE_TRY(const std::string raw, text_of(params, "rawBody"));
    if (!raw.empty() && !members_.empty())
      return fail(bad("rawBody", "excludes BODY entries in httpParams: send one or the other"));
    if (!raw.empty() && request_.method == "HEAD") return fail(bad("rawBody", "is not possible with HEAD"));
    if (!raw.empty()) {
      PORPOISE_TRY(request_.body, expand_(raw));
    } else if (has_entries_ && request_.method != "HEAD") {
      // 3.1 attaches an entity to every method once there is any entry, of whatever kind.
      request_.body = dump_json(members_);
    }
    add_usual_headers(request_);
    return {};
  }

 private:
  Status add_entry(const Json& entry) {
    if (!entry.is_object()) return fail(ErrorCode::kInvalid, "must be an object");
    PORPOISE_TRY(const std::string kind, enum_of(entry, "httpParametersType", {"PARAMETER", "BODY", "HEADERS"}));
    PORPOISE_TRY(const std::string raw_name, text_of(entry, "prop"));
    PORPOISE_TRY(const std::string raw_value, text_of(entry, "value"));
    PORPOISE_TRY(std::string name, expand_(raw_name));
    PORPOISE_TRY(std::string value, expand_(raw_value));
    if (is_blank(name)) return fail(bad("prop", "is empty"));
    if (kind == "PARAMETER")
      add_query(name, value);
    else if (kind == "BODY")
      members_[name] = value;
    else if (kind == "HEADERS")
      request_.headers.push_back({std::move(name), std::move(value)});
    else
      return fail(bad("httpParametersType", "must be PARAMETER, BODY or HEADERS, not '" + kind.substr(0, 40) + "'"));
    return {};
  }

  void add_query(std::string_view name, std::string_view value) {
    const std::size_t mark = request_.url.find('?');
    if (mark == std::string::npos)
      request_.url += '?';
    else if (mark + 1 != request_.url.size() && request_.url.back() != '&')
      request_.url += '&';
    request_.url += form_encode(name) + "=" + form_encode(value);
  }

  curl::HttpRequest& request_;
  const Expand& expand_;
  OrderedJson members_ = OrderedJson::object();
  bool has_entries_ = false;
};

Result<curl::HttpRequest> parse_request(const Json& json, const Expand& expand) {
  curl::HttpRequest request;
  PORPOISE_TRY(request.method, method_of(json, "httpMethod"));
  PORPOISE_TRY(request.url, url_of(json, expand));
  Builder builder(request, expand);
  PORPOISE_TRY_VOID(builder.add_entries(json));
  PORPOISE_TRY_VOID(builder.add_body(json));
  PORPOISE_TRY(request.connect_timeout, duration_of(json, "connectTimeout"));
  PORPOISE_TRY(request.read_timeout, duration_of(json, "socketTimeout"));
  request.follow_redirects = request.method == "GET" || request.method == "HEAD";
  return request;
}

Result<Check> parse_check(const Json& json) {
  PORPOISE_TRY(const std::string name,
               enum_of(json, "httpCheckCondition",
                       {"STATUS_CODE_DEFAULT", "STATUS_CODE_CUSTOM", "BODY_CONTAINS", "BODY_NOT_CONTAINS"}));
  if (name.empty()) return Check::kStatus200;
  const auto known =
      std::find_if(kChecks.begin(), kChecks.end(), [&](const auto& entry) { return entry.first == name; });
  if (known == kChecks.end())
    return fail(bad("httpCheckCondition",
                    "must be STATUS_CODE_DEFAULT, STATUS_CODE_CUSTOM, BODY_CONTAINS or BODY_NOT_CONTAINS, not '" +
                        name.substr(0, 40) + "'"));
  return known->second;
}

bool has_out_param(const Json& json, std::string_view name) {
  const auto params = json.find("localParams");
  if (params == json.end() || !params->is_array()) return false;
  return std::any_of(params->begin(), params->end(), [name](const Json& param) {
    return param.is_object() && string_or(param, "prop", "") == name &&
           enum_of(param, "direct", {"IN", "OUT"}).value_or("") == "OUT";
  });
}

}  // namespace

Result<HttpParams> parse_http_params(std::string_view params_json, const Expand& expand) {
  auto json = parse_json(params_json);
  if (!json) return fail(json.error().wrap("cannot read the task's parameters"));
  if (!json->is_object()) return fail(ErrorCode::kInvalid, "the task's parameters are not a JSON object");
  HttpParams params;
  PORPOISE_TRY(params.request, parse_request(*json, expand));
  PORPOISE_TRY(params.expected.check, parse_check(*json));
  PORPOISE_TRY(params.expected.condition, text_of(*json, "condition"));
  if (params.expected.check != Check::kStatus200 && params.expected.condition.empty())
    return fail(bad("condition", "is missing: httpCheckCondition needs it"));
  PORPOISE_TRY(params.response_param, text_of(*json, "responseParam"));
  if (!params.response_param.empty() && !has_out_param(*json, params.response_param))
    return fail(bad("responseParam", "names '" + params.response_param.substr(0, 40) +
                                         "', which localParams must declare with direct OUT"));
  PORPOISE_TRY(params.verification, parse_verification(*json, expand));
  return params;
}

std::string loggable_url(std::string_view url) {
  const std::size_t host_at = url.find("://") == std::string_view::npos ? 0 : url.find("://") + 3;
  const std::size_t at = url.substr(0, url.find_first_of("/?", host_at)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host_at)) + "***" + std::string(url.substr(at));
}

}  // namespace porpoise::http
