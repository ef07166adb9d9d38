#include "agent/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <queue>
#include <tuple>

#include "agent/json_text.h"
#include "agent/unicode_text.h"
#include "agent/word_splitter.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"

namespace deerbench {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxFileBytes = 64 << 20;
constexpr int kMaxId = 1 << 24;

// GPT-2's printable stand-in for each byte: itself where it is printable, else a character from U+0100 on.
std::array<uint32_t, 256> ByteCharacters() {
  std::array<uint32_t, 256> characters{};
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    characters[byte] = printable ? byte : next++;
  }
  return characters;
}

std::string SpellingOf(std::string_view bytes) {
  static const std::array<uint32_t, 256> kCharacters = ByteCharacters();
  std::string spelling;
  for (const char c : bytes) AppendUtf8(kCharacters[static_cast<uint8_t>(c)], spelling);
  return spelling;
}

bool NullOrEmpty(const json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() || *it == "" || *it == false || *it == 0;
}

bool FlagOf(const json& object, const char* key, bool otherwise) {
  const auto it = object.find(key);
  return it == object.end() ? otherwise : it->is_boolean() && it->get<bool>();
}

// The last character of a text that is not empty.
uint32_t LastCharacter(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
  return DecodeUtf8(text.substr(at)).code;
}

}  // namespace

void Tokenizer::Refuse(const std::string& problem) const { Fail(fmt::format("{}: {}", name_, problem)); }

Tokenizer Tokenizer::FromFile(const std::filesystem::path& file) {
  return FromJson(ReadFile(file, kMaxFileBytes), file.string());
}

Tokenizer Tokenizer::FromJson(std::string_view text, const std::string& name) {
  Tokenizer tokenizer;
  tokenizer.name_ = name;
  const json file = ParseJson(text);
  if (!file.is_object()) tokenizer.Refuse("not a JSON object, expected a tokenizer.json");
  for (const char* key : {"model", "pre_tokenizer"}) {
    if (!file.contains(key)) tokenizer.Refuse(fmt::format("key '{}' is missing", key));
  }
  tokenizer.ReadPipeline(file);
  tokenizer.ReadModel(file["model"]);
  if (file.contains("added_tokens")) tokenizer.ReadAddedTokens(file["added_tokens"]);
  return tokenizer;
}

void Tokenizer::ReadPipeline(const json& file) {
  const auto type = [](const json& object) {
    return object.is_object() ? object.value("type", json()) : json();
  };
  if (const auto it = file.find("normalizer"); it != file.end() && !it->is_null()) {
    if (type(*it) != "NFC") Refuse(fmt::format("normalizer is {}, expected null or NFC", Shown(*it)));
    nfc_ = true;
  }
  const json& words = file["pre_tokenizer"];
  if (type(words) != "ByteLevel")
    Refuse(fmt::format("pre_tokenizer is {}, expected one of type ByteLevel", Shown(words)));
  prefix_space_ = FlagOf(words, "add_prefix_space", true);
  split_words_ = FlagOf(words, "use_regex", true);
  if (const auto it = file.find("post_processor"); it != file.end() && !it->is_null()) {
    if (type(*it) != "ByteLevel")
      Refuse(fmt::format("post_processor is {}, expected null or ByteLevel", Shown(*it)));
  }
}

void Tokenizer::ReadModel(const json& model) {
  if (!model.is_object() || !model.contains("vocab") || !model["vocab"].is_object() ||
      !model.contains("merges") || !model["merges"].is_array() ||
      (model.contains("type") && model["type"] != "BPE")) {
    Refuse("'model' is not a BPE with vocab and merges");
  }
  for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"}) {
    if (!NullOrEmpty(model, key))
      Refuse(fmt::format("'model.{}' is {}, expected none", key, Shown(model[key])));
  }
  ignore_merges_ = FlagOf(model, "ignore_merges", false);
  for (const auto& [token, id] : model["vocab"].items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= kMaxId)
      Refuse(fmt::format("token '{}' has id {}, expected 0 to {}", token, Shown(id), kMaxId - 1));
    vocab_.emplace(token, id.get<int>());
    vocab_size_ = std::max(vocab_size_, id.get<int>() + 1);
  }
  for (const auto& [token, id] : model["vocab"].items()) {
    std::string& spelling = spelling_[id.get<int>()];
    if (!spelling.empty())
      Refuse(fmt::format("tokens '{}' and '{}' have the same id {}", spelling, token, id.get<int>()));
    spelling = token;
  }
  const auto id_of = [&](const std::string& token) {
    const auto it = vocab_.find(token);
    if (it == vocab_.end())
      Refuse(fmt::format("a merge needs token '{}', which the vocabulary lacks", token));
    return it->second;
  };
  int rank = 0;
  for (const json& merge : model["merges"]) {
    std::string left, right;
    if (merge.is_string()) {
      const auto& both = merge.get_ref<const std::string&>();
      const size_t space = both.find(' ');
      if (space != both.npos && both.find(' ', space + 1) == both.npos) {
        left = both.substr(0, space);
        right = both.substr(space + 1);
      }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      left = merge[0].get<std::string>();
      right = merge[1].get<std::string>();
    }
    if (left.empty() || right.empty())
      Refuse(fmt::format("merge {} is {}, expected two tokens", rank, Shown(merge)));
    const int first = id_of(left), second = id_of(right);  // the first that is missing is the one to name
    merges_[PairKey(first, second)] = {.rank = rank, .id = id_of(left + right)};
    ++rank;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto it = vocab_.find(SpellingOf({&c, 1}));
    byte_ids_[byte] = it == vocab_.end() ? -1 : it->second;
    if (it == vocab_.end() && !NullOrEmpty(model, "unk_token"))
      Refuse(fmt::format("'model.unk_token' is {} and byte {} has no token, expected one for every byte",
                         Shown(model["unk_token"]), byte));
  }
}

void Tokenizer::ReadAddedTokens(const json& tokens) {
  if (!tokens.is_array()) Refuse("'added_tokens' is not a list");
  for (const json& entry : tokens) {
    if (!entry.is_object() || !entry.contains("content") || !entry["content"].is_string() ||
        !entry.contains("id") || !entry["id"].is_number_integer() || entry["id"].get<int64_t>() < 0 ||
        entry["id"].get<int64_t>() >= kMaxId) {
      Refuse(fmt::format("added token {} is wrong, expected content and id", Shown(entry)));
    }
    AddedToken token;
    token.content = entry["content"].get<std::string>();
    token.id = entry["id"].get<int>();
    token.single_word = FlagOf(entry, "single_word", false);
    token.lstrip = FlagOf(entry, "lstrip", false);
    token.rstrip = FlagOf(entry, "rstrip", false);
    if (token.content.empty()) continue;
    const auto it = vocab_.find(token.content);
    if (it != vocab_.end() && it->second != token.id) {
      Refuse(fmt::format("added token '{}' has id {}, in the vocabulary it has {}", token.content, token.id,
                         it->second));
    }
    vocab_size_ = std::max(vocab_size_, token.id + 1);
    if (it == vocab_.end() && !spelling_[token.id].empty()) {
      Refuse(fmt::format("added token '{}' has id {}, which is that of '{}'", token.content, token.id,
                         spelling_[token.id]));
    }
    spelling_[token.id] = token.content;
    added_[token.content] = token.id;
    if (FlagOf(entry, "normalized", true)) {
      if (nfc_) token.content = NormaliseNfc(token.content);
      normalized_.push_back(token);
    } else {
      plain_.push_back(token);
    }
  }
  const auto longer = [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  };
  std::stable_sort(plain_.begin(), plain_.end(), longer);
  std::stable_sort(normalized_.begin(), normalized_.end(), longer);
}

std::optional<int> Tokenizer::Find(std::string_view token) const {
  if (const auto it = added_.find(token); it != added_.end()) return it->second;
  if (const auto it = vocab_.find(std::string(token)); it != vocab_.end()) return it->second;
  return {};
}

std::vector<Tokenizer::Piece> Tokenizer::CutOut(std::string_view text,
                                                const std::vector<AddedToken>& tokens) {
  std::vector<Piece> pieces;
  size_t begin = 0;  // of what has not been handed out
  for (size_t at = 0; at < text.size();) {
    const auto token = std::find_if(tokens.begin(), tokens.end(), [&](const AddedToken& candidate) {
      return text.substr(at).starts_with(candidate.content);
    });
    if (token == tokens.end()) {
      ++at;
      continue;
    }
    size_t start = at, stop = at + token->content.size();
    at = stop;
    if (token->single_word) {
      const bool word_before = start > 0 && IsWordCharacter(LastCharacter(text.substr(0, start)));
      const bool word_behind = stop < text.size() && IsWordCharacter(DecodeUtf8(text.substr(stop)).code);
      if (word_before || word_behind) continue;
    }
    if (token->lstrip) {
      while (start > begin && IsWhiteSpace(LastCharacter(text.substr(begin, start - begin)))) {
        do --start;
        while ((static_cast<uint8_t>(text[start]) & 0xC0) == 0x80);
      }
    }
    if (token->rstrip) {
      while (stop < text.size()) {
        const Utf8Character next = DecodeUtf8(text.substr(stop));
        if (!IsWhiteSpace(next.code)) break;
        stop += next.bytes;
      }
    }
    if (start > begin) pieces.push_back({text.substr(begin, start - begin)});
    pieces.push_back({text.substr(start, stop - start), token->id});
    begin = stop;
  }
  if (begin < text.size()) pieces.push_back({text.substr(begin)});
  return pieces;
}

std::vector<int> Tokenizer::Encode(std::string_view text) const {
  DecodeUtf8Text(text);  // valid?
  std::vector<int> ids;
  for (const Piece& piece : CutOut(text, plain_)) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
      continue;
    }
    const std::string normal = nfc_ ? NormaliseNfc(piece.text) : std::string(piece.text);
    for (const Piece& inner : CutOut(normal, normalized_)) {
      if (inner.id >= 0) {
        ids.push_back(inner.id);
      } else {
        EncodeText(inner.text, ids);
      }
    }
  }
  return ids;
}

void Tokenizer::EncodeText(std::string_view text, std::vector<int>& ids) const {
  std::string prefixed;
  if (prefix_space_ && !text.starts_with(' ')) {
    prefixed.assign(1, ' ').append(text);
    text = prefixed;
  }
  if (!split_words_) return EncodeWord(text, ids);
  for (const std::string_view word : SplitWords(text)) EncodeWord(word, ids);
}

void Tokenizer::EncodeWord(std::string_view word, std::vector<int>& ids) const {
  if (ignore_merges_) {
    if (const auto it = vocab_.find(SpellingOf(word)); it != vocab_.end()) {
      ids.push_back(it->second);
      return;
    }
  }
  // A chain of symbols; the best merge anywhere comes first, the leftmost of equals.
  struct Symbol {
    int id, previous, next;  // id -1: swallowed by the one before
  };
  std::vector<Symbol> symbols;
  for (const char c : word) {
    const int id = byte_ids_[static_cast<uint8_t>(c)], index = static_cast<int>(symbols.size());
    if (id >= 0) symbols.push_back({id, index - 1, index + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;
  using Candidate = std::tuple<int, int, int>;  // rank, left symbol, merged id
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](int left) {
    if (left < 0 || symbols[left].next < 0) return;
    const auto it = merges_.find(PairKey(symbols[left].id, symbols[symbols[left].next].id));
    if (it != merges_.end()) queue.emplace(it->second.rank, left, it->second.id);
  };
  for (size_t i = 0; i < symbols.size(); ++i) offer(static_cast<int>(i));
  while (!queue.empty()) {
    const auto [rank, left, merged] = queue.top();
    queue.pop();
    Symbol& symbol = symbols[left];
    if (symbol.id < 0 || symbol.next < 0) continue;
    const auto it = merges_.find(PairKey(symbol.id, symbols[symbol.next].id));
    if (it == merges_.end() || it->second.id != merged) continue;  // one of the two has been merged since
    Symbol& right = symbols[symbol.next];
    symbol.id = merged;
    symbol.next = right.next;
    right.id = -1;
    if (symbol.next >= 0) symbols[symbol.next].previous = left;
    offer(symbol.previous);
    offer(left);
  }
  for (int i = 0; i >= 0; i = symbols[i].next) ids.push_back(symbols[i].id);
}

std::string Tokenizer::Decode(std::span<const int> ids) const {
  static const std::map<uint32_t, char> kBytes = [] {
    std::map<uint32_t, char> bytes;
    const auto characters = ByteCharacters();
    for (int byte = 0; byte < 256; ++byte) bytes[characters[byte]] = static_cast<char>(byte);
    return bytes;
  }();
  std::string text;
  for (const int id : ids) {
    const auto known = spelling_.find(id);
    if (known == spelling_.end() || known->second.empty()) Refuse(fmt::format("there is no token {}", id));
    const std::string& spelling = known->second;
    if (added_.contains(spelling)) {
      text += spelling;
      continue;
    }
    for (const uint32_t code : DecodeUtf8Text(spelling)) {
      const auto it = kBytes.find(code);
      if (it == kBytes.end()) Refuse(fmt::format("token '{}' is not in byte-level spelling", spelling));
      text += it->second;
    }
  }
  return text;
}

}  // namespace deerbench
