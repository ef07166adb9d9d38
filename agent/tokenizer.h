// Byte-level BPE tokenizer in the format of Hugging Face's tokenizer.json (GPT-2, GPT-NeoX), without its
// library.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace deerbench {

// Text -> ids, as `tokenizers` computes them:
//   1. added tokens that are not `normalized` are cut out of the text, longest first at each place;
//   2. what lies between is brought into NFC if the file says so, and the other added tokens are cut out of
//   it;
//   3. what is left is split into words by GPT-2's pattern, each word's bytes are mapped to printable
//   characters and
//      merged pair by pair in the order of the file's merges.
// Refused with an Error naming file and field: another model than byte-level BPE, a normaliser but NFC, a
// pre-tokeniser but ByteLevel, a post-processor that adds tokens. `truncation` and `padding` in the file are
// not applied.
class Tokenizer {
 public:
  static Tokenizer FromFile(const std::filesystem::path& file);
  // `name` stands for the file in messages.
  static Tokenizer FromJson(std::string_view json, const std::string& name);

  // Throws Error if `text` is not valid UTF-8.
  std::vector<int> Encode(std::string_view text) const;
  // The text of ids, added tokens included. A token may hold part of a character. Throws Error for an unknown
  // id.
  std::string Decode(std::span<const int> ids) const;

  int vocab_size() const { return vocab_size_; }          // highest id + 1
  std::optional<int> Find(std::string_view token) const;  // added token, or token in byte-level spelling
  const std::string& name() const { return name_; }

 private:
  struct AddedToken {
    std::string content;
    int id = 0;
    bool single_word = false, lstrip = false, rstrip = false;
  };
  // A stretch of text, or an added token that has been cut out.
  struct Piece {
    std::string_view text;
    int id = -1;
  };
  struct Merge {
    int rank = 0, id = 0;
  };

  static uint64_t PairKey(int left, int right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  }
  static std::vector<Piece> CutOut(std::string_view text, const std::vector<AddedToken>& tokens);
  void ReadModel(const nlohmann::json& model);
  void ReadAddedTokens(const nlohmann::json& tokens);
  void ReadPipeline(const nlohmann::json& file);
  void EncodeText(std::string_view text, std::vector<int>& ids) const;
  void EncodeWord(std::string_view word, std::vector<int>& ids) const;
  [[noreturn]] void Refuse(const std::string& problem) const;

  std::string name_;
  int vocab_size_ = 0;
  std::unordered_map<std::string, int> vocab_;  // byte-level spelling -> id
  // id -> byte-level spelling or added token's text; no array, for ids may be far apart
  std::unordered_map<int, std::string> spelling_;
  std::vector<AddedToken> plain_, normalized_;     // both longest first
  std::map<std::string, int, std::less<>> added_;  // text -> id
  std::unordered_map<uint64_t, Merge> merges_;     // by the pair of ids, see PairKey
  std::array<int, 256> byte_ids_{};                // -1 where the vocabulary lacks the byte
  bool nfc_ = false, prefix_space_ = false, split_words_ = true, ignore_merges_ = false;
};

}  // namespace deerbench
