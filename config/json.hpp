// Settings as JSON: the settings file, and the text that hands validated settings to a worker.
#pragma once

#include "config/definition.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace girin::config {

enum class json_type { boolean, number, text, list, other };  // list: of texts

// One member of the file's object.
struct json_entry {
    std::string key;
    int line = 0;  // of the key, from 1
    json_type type = json_type::other;
    std::vector<std::string> texts;  // the value as written, a list's elements, or what an `other` is: "an object"
};

// The members of the object in `text`, in order; comments are allowed. Throws config_error, naming `file`, for anything
// else than one object, and for a key that comes twice.
std::vector<json_entry> read_json(std::string_view text, std::string_view file);

// Gives the setting the entry's value. Throws config_error, naming `origin`, for a value of the wrong type or form.
void set_value(settings& values, const definition& setting, const json_entry& entry, std::string_view origin);

// All settings as one line of JSON, and back. from_json ignores names that it does not know and leaves settings without
// a name at their defaults, because the master that wrote the text may be of another version; it throws config_error
// for a value that is no value of its setting.
std::string to_json(const settings& values);
settings from_json(std::string_view text);

}  // namespace girin::config
