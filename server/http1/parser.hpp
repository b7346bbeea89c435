// llhttp behind our rules: it splits and checks the grammar of what the line guard let through, and takes chunks apart.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/limits.hpp"

#include <girin/headers.hpp>

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace girin::http1 {

// One request at a time: read_head, and then, if that was chunked, read_chunks and read_trailers.
class parser {
 public:
    explicit parser(const limits& limits);
    parser(const parser&) = delete;
    parser& operator=(const parser&) = delete;

    // Reads a complete head, up to and with its empty line. Names are made lower-case where they stand.
    failure read_head(std::span<char> head);

    // The fields of the head in their order, without those that limits::underscore_names drops.
    std::span<header> fields() { return {fields_.get(), field_count_}; }

    // There is room for one field more than limits::fields.
    void add_field(std::string_view name, std::string_view value) { fields_[field_count_++] = {name, value}; }

    // Whether llhttp took the same framing from the head: a second opinion against request smuggling.
    bool agrees(const std::optional<std::uint64_t>& content_length, bool chunked) const;

    struct chunk {
        std::size_t consumed = 0;
        std::string_view data;
        bool last = false;
        failure refused = {};
    };
    // Takes framing off until there is data, the last chunk is read, or more bytes are needed.
    chunk read_chunks(std::string_view unread);

    // Reads a complete trailer section, up to and with its empty line, and drops the fields.
    failure read_trailers(std::string_view section);

 private:
    struct callbacks;

    bool is_overhead_spent(std::size_t framing, bool line_ended);
    failure llhttp_failure() const;

    llhttp_t llhttp_;
    const limits& limits_;
    std::unique_ptr<header[]> fields_;
    std::size_t field_count_ = 0;
    bool dropping_ = false;
    std::uint64_t body_size_ = 0;
    std::size_t size_line_ = 0;
    std::size_t overhead_ = 0;
    std::string_view data_;
    failure refused_;
    enum class part : std::uint8_t { head, chunks, trailers, complete } part_ = part::head;
};

}  // namespace girin::http1
