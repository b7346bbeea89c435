// The coroutines that an exception has left on its way out of a task, innermost first.
#pragma once

#include <cstddef>
#include <exception>
#include <source_location>
#include <utility>
#include <vector>

namespace girin::detail {

class traceback {
 public:
    void left(const std::exception_ptr& exception, std::source_location where) noexcept {
        if (exception_ != exception) {
            frames_.clear();
            exception_ = exception;
        }
        try {
            if (frames_.size() < most_frames) frames_.push_back(where);
        } catch (...) {  // without memory it is shorter
        }
    }
    // It is raised again, in another task.
    void goes_on(const std::exception_ptr& exception, const std::vector<std::source_location>& frames) noexcept {
        try {
            frames_ = frames;
            exception_ = exception;
        } catch (...) {
        }
    }
    // Takes the frames, if that is what is being raised.
    std::vector<std::source_location> take(const std::exception_ptr& exception) noexcept {
        if (exception_ != exception) return {};
        return std::exchange(frames_, {});
    }

    // Where it was raised, as far as it has left a coroutine: nowhere if that is not what is being raised.
    std::source_location origin_of(const std::exception_ptr& exception) const noexcept {
        return exception_ == exception && !frames_.empty() ? frames_.front() : std::source_location();
    }

    bool empty() const noexcept { return exception_ == nullptr; }
    void clear() noexcept {
        exception_ = nullptr;
        frames_.clear();
    }

 private:
    static constexpr std::size_t most_frames = 100;

    std::exception_ptr exception_;
    std::vector<std::source_location> frames_;
};

}  // namespace girin::detail
