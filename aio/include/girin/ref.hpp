// Counted handles to what tasks share. Not atomic: only the thread that runs the loop may touch them.
#pragma once

#include <girin/coro.hpp>

#include <utility>

namespace girin::detail {

// A counted reference to a core, which has add_ref() and release().
template <class Core>
class ref {
 public:
    ref() noexcept = default;
    explicit ref(Core* core) noexcept : core_(core) {
        if (core_) core_->add_ref();
    }
    ref(const ref& other) noexcept : ref(other.core_) {}
    ref(ref&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    ref& operator=(ref other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~ref() {
        if (core_) core_->release();
    }

    Core* get() const noexcept { return core_; }
    Core* operator->() const noexcept { return core_; }
    Core& operator*() const noexcept { return *core_; }
    explicit operator bool() const noexcept { return core_ != nullptr; }

 private:
    Core* core_ = nullptr;
};

// The base of a core that is deleted with the last reference to it.
template <class Core>
class counted : public pooled {
 public:
    void add_ref() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) delete static_cast<Core*>(this);
    }

 private:
    friend Core;
    counted() = default;
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() = default;

    unsigned references_ = 0;
};

}  // namespace girin::detail
