// GIRIN_APP: names the function that makes the application, for `girin ./libNAME.so` and for a program of its own.
#pragma once

#include <girin/application.hpp>
#include <girin/export.hpp>
#include <girin/stamp.hpp>

namespace girin::detail {

struct application_entry {
    application (*make)();
};

}  // namespace girin::detail

// Once, at namespace scope: GIRIN_APP(make_app), where make_app() returns anything that converts to girin::application.
// It is called once in each worker, before its loop runs.
#define GIRIN_APP(make_app)                                                                                      \
    extern "C" {                                                                                                 \
    GIRIN_EXPORT extern const ::girin::detail::application_entry girin_application;                              \
    const ::girin::detail::application_entry girin_application{[] { return ::girin::application(make_app()); }}; \
    }                                                                                                            \
    [[gnu::section(".note.girin"), gnu::used]] static constexpr ::girin::detail::stamp_note girin_stamp{};
