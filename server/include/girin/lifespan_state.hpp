// What lifespan start-up made for the requests, by type: ASGI's `state`.
#pragma once

#include <girin/type_key.hpp>

#include <stdexcept>
#include <utility>

namespace girin {

// One per worker, shared by all requests, filled before the first of them and emptied, last in first out, when the
// worker ends.
class lifespan_state {
 public:
    lifespan_state() = default;
    lifespan_state(const lifespan_state&) = delete;
    lifespan_state& operator=(const lifespan_state&) = delete;
    ~lifespan_state() {
        while (newest_) delete std::exchange(newest_, newest_->older);
    }

    // Keeps `value` and returns it. A second value of one type is a std::logic_error.
    template <class T>
    T& put(T value) {
        if (get<T>()) throw std::logic_error("the lifespan state already holds a value of this type");
        auto* kept = new holder<T>(std::move(value));
        kept->key = detail::type_key_of<T>();
        kept->address = &kept->value;
        kept->older = std::exchange(newest_, kept);
        return kept->value;
    }

    // The value of that type, or null.
    template <class T>
    T* get() const noexcept {
        return static_cast<T*>(find(detail::type_key_of<T>()));
    }

    // The value of the type with that key, or null.
    void* find(detail::type_key key) const noexcept {
        for (const entry* e = newest_; e; e = e->older)
            if (e->key == key) return e->address;
        return nullptr;
    }

 private:
    struct entry {
        virtual ~entry() = default;
        detail::type_key key = 0;
        void* address = nullptr;
        entry* older = nullptr;
    };
    template <class T>
    struct holder final : entry {
        explicit holder(T v) : value(std::move(v)) {}
        T value;
    };
    entry* newest_ = nullptr;
};

}  // namespace girin
