// Reading and writing of settings as JSON.
#include "config/json.hpp"

#include "config/bind_text.hpp"
#include "config/error.hpp"
#include "config/text.hpp"
#include "config/value.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace girin::config {
namespace {

// Counts lines as the parser goes, since nlohmann's events carry no position.
class counting_iterator {
 public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    counting_iterator(const char* at, int& line) : at_(at), line_(&line) {}
    reference operator*() const { return *at_; }
    counting_iterator& operator++() {
        *line_ += *at_ == '\n';
        ++at_;
        return *this;
    }
    bool operator==(const counting_iterator& other) const { return at_ == other.at_; }

 private:
    const char* at_;
    int* line_;
};

class entry_reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
    entry_reader(std::string_view file, const int& line) : file_(file), line_(line) {}

    std::vector<json_entry> entries;

    bool null() override { return value(json_type::other, "null"); }
    bool boolean(bool truth) override { return value(json_type::boolean, truth ? "true" : "false"); }
    bool number_integer(std::int64_t number) override { return value(json_type::number, std::to_string(number)); }
    bool number_unsigned(std::uint64_t number) override { return value(json_type::number, std::to_string(number)); }
    bool number_float(double, const std::string& text) override { return value(json_type::number, text); }
    bool string(std::string& text) override { return value(json_type::text, text); }
    bool binary(nlohmann::json::binary_t&) override { return false; }

    bool start_object(std::size_t) override {
        if (depth_ > 0) value(json_type::other, "an object");
        ++depth_;
        return true;
    }
    bool end_object() override { return --depth_, true; }

    bool start_array(std::size_t) override {
        value(json_type::other, "a list");
        if (depth_++ == 1) {
            entries.back().type = json_type::list;
            entries.back().texts.clear();
        }
        return true;
    }
    bool end_array() override { return --depth_, true; }

    bool key(std::string& name) override {
        if (depth_ != 1) return true;
        for (const json_entry& entry : entries)
            if (entry.key == name)
                throw config_error(std::string(file_) + ": " + in_quotes(name) + " is set twice, in line " +
                                   std::to_string(entry.line) + " and in line " + std::to_string(line_));
        entries.push_back({name, line_, json_type::other, {}});
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
        const std::string_view message = error.what();
        throw config_error(std::string(file_) + ": " + std::string(message.substr(message.find(']') + 2)));
    }

 private:
    bool value(json_type type, std::string text) {
        if (depth_ == 0) throw config_error(std::string(file_) + ": expected {\"name\": value}, got " + text);
        json_entry& entry = entries.back();
        if (depth_ == 1)
            entry = {std::move(entry.key), entry.line, type, {std::move(text)}};
        else if (entry.type == json_type::list && type == json_type::text)
            entry.texts.push_back(std::move(text));
        else if (entry.type == json_type::list)
            entry = {std::move(entry.key), entry.line, json_type::other, {"a list with " + text + " in it"}};
        return true;
    }

    std::string_view file_;
    const int& line_;
    int depth_ = 0;
};

template <class Value>
bool takes(Value settings::*, json_type type) {
    return type == json_type::text;
}
bool takes(bool settings::*, json_type type) {
    return type == json_type::boolean;
}
bool takes(std::uint32_t settings::*, json_type type) {
    return type == json_type::number;
}
bool takes(std::uint64_t settings::*, json_type type) {
    return type == json_type::number || type == json_type::text;
}
bool takes(std::chrono::milliseconds settings::*, json_type type) {
    return type == json_type::number || type == json_type::text;
}
bool takes(std::vector<bind_address> settings::*, json_type type) {
    return type == json_type::text || type == json_type::list;
}

std::string shown(const json_entry& entry) {
    if (entry.type == json_type::list) return "a list";
    return entry.type == json_type::text ? "the string " + in_quotes(entry.texts.front()) : entry.texts.front();
}

}  // namespace

std::vector<json_entry> read_json(std::string_view text, std::string_view file) {
    int line = 1;
    entry_reader reader(file, line);
    nlohmann::json::sax_parse(counting_iterator(text.data(), line), counting_iterator(text.data() + text.size(), line),
                              &reader, nlohmann::json::input_format_t::json, true, true);
    return std::move(reader.entries);
}

void set_value(settings& values, const definition& setting, const json_entry& entry, std::string_view origin) {
    const bool fits = std::visit([&entry](auto member) { return takes(member, entry.type); }, setting.field);
    if (!fits) reject_value(setting, origin, shown(entry));
    set_value(values, setting, entry.texts, origin);
}

std::string to_json(const settings& values) {
    nlohmann::json object = nlohmann::json::object();
    for (const definition& setting : definitions())
        std::visit(
            [&](auto member) {
                using value_type = std::remove_cvref_t<decltype(values.*member)>;
                if constexpr (std::is_same_v<value_type, bool> || std::is_same_v<value_type, std::uint32_t>)
                    object[std::string(setting.name)] = values.*member;
                else
                    object[std::string(setting.name)] = value_text(values, setting);
            },
            setting.field);
    return object.dump();
}

settings from_json(std::string_view text) {
    settings values;
    for (const json_entry& entry : read_json(text, "settings"))
        if (const definition* setting = find_definition(entry.key)) set_value(values, *setting, entry, "settings");
    return values;
}

}  // namespace girin::config
