#include "api/page_html.h"

#include "base/json.h"

namespace bdaas::api {

namespace {

constexpr int kDepthMax = 6;
constexpr std::string_view kStyle =
    "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:2px 6px;text-align:left;vertical-align:top}"
    ".said{background:#fff3cd;padding:8px}";

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{0}</title>"
      "<style>{1}</style></head>\n<body><h1>{0}</h1>\n{2}</body></html>\n",
      escape_html(title), kStyle, body);
}

std::string html_of(const json::value& value, int depth);

// Objects become rows under the union of their names.
std::string table_of(const json::array& rows, int depth) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    for (const auto& member : row.get_object()) {
      const std::string name(member.key());
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::string html = "<table><tr>";
  for (const auto& name : names) html += "<th>" + escape_html(name) + "</th>";
  html += "</tr>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (const auto& name : names) {
      const auto* cell = row.get_object().if_contains(name);
      html += "<td>" + (cell == nullptr ? std::string() : html_of(*cell, depth + 1)) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</table>";
}

std::string list_of(const json::array& items, int depth) {
  const auto is_object = [](const json::value& item) { return item.is_object(); };
  if (!items.empty() && std::all_of(items.begin(), items.end(), is_object)) {
    return table_of(items, depth);
  }
  std::string html;
  for (const auto& item : items) html += (html.empty() ? "" : ", ") + html_of(item, depth + 1);
  return html.empty() ? "none" : html;
}

std::string html_of(const json::value& value, int depth) {
  if (depth > kDepthMax) return "…";
  if (value.is_array()) return list_of(value.get_array(), depth);
  if (value.is_object()) {
    std::string html = "<table>";
    for (const auto& member : value.get_object()) {
      html += "<tr><th>" + escape_html(std::string_view(member.key())) + "</th><td>" +
              html_of(member.value(), depth + 1) + "</td></tr>\n";
    }
    return html + "</table>";
  }
  if (!value.is_string()) return escape_html(write_json(value));
  const std::string_view text = value.get_string();
  if (!text.starts_with('{') && !text.starts_with('[')) return escape_html(text);
  const auto inner = parse_json(text);  // HDFS writes JSON into texts
  return inner ? html_of(*inner, depth + 1) : escape_html(text);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string pages_html(const ClusterId& cluster, std::span<const PageView> pages) {
  std::string body = "<ul>\n";
  for (const auto& view : pages) {
    body += fmt::format("<li><a href=\"{}\">{}</a>{}</li>\n", escape_html(view.path),
                        escape_html(view.title),
                        view.live          ? ""
                        : view.snapshot_at ? " (snapshot of " + to_rfc3339(*view.snapshot_at) + ")"
                                           : "");
  }
  if (pages.empty()) body += "<li>No page of this cluster is known.</li>\n";
  body += fmt::format("<li><a href=\"{}/history/\">Spark history of all programs</a></li>\n</ul>\n",
                      kHistoryPlace);
  return page("Pages of cluster " + cluster.text, body);
}

std::string snapshot_html(const ClusterId& cluster, const PageSnapshot& snapshot,
                          std::string_view why) {
  std::string body = fmt::format(
      "<p class=\"said\">snapshot of {}; {}. <a href=\"/v1/clusters/{}/pages/\">All pages of the "
      "cluster</a>, <a href=\"{}/history/\">history of its programs</a>.</p>\n",
      to_rfc3339(snapshot.taken_at), escape_html(why), cluster.text, kHistoryPlace);
  for (const auto& part : snapshot.parts) {
    const auto value = parse_json(part.content);
    body += fmt::format("<h2>{}</h2>\n{}\n", escape_html(part.heading),
                        value ? html_of(*value, 0) : escape_html(part.content));
  }
  return page(fmt::format("{} of cluster {}", snapshot.title, cluster.text), body);
}

}  // namespace bdaas::api
