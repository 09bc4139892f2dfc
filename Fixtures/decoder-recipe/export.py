"""Makes the checkpoint that Errata embeds of what train.py left, and answers to compare with.

    python3 export.py DATA TRAINED CHECKPOINT REFERENCE

DATA is what prepare.py made, TRAINED what train.py made. CHECKPOINT gets the four files of a Hugging Face
directory, REFERENCE the tokens that transformers generates for a few prompts of the development sets.
"""

import glob
import json
import os
import random
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file

from evaluate import NEW_MAX
from examples import ASSISTANT, BOS, END, PAD, USER, chat

TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}"
    "{{- (bos_token if loop.first else '') + '" + USER + "' + message['content'] + '" + END + "' -}}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{{- '" + ASSISTANT + " ' + message['content'] + '" + END + "' -}}"
    "{%- else -%}"
    "{{- raise_exception('This model was made for turns of user and assistant only.') -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '" + ASSISTANT + "' -}}{%- endif -%}")


def write(value, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def checkpoint(data, trained, out):
    from tokenizers import Tokenizer
    os.makedirs(out, exist_ok=True)
    tensors = {}
    for path in glob.glob(os.path.join(trained, "model*.safetensors")):
        tensors |= load_file(path)
    save_file(tensors, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    ids = Tokenizer.from_file(os.path.join(data, "tokenizer.json")).token_to_id
    with open(os.path.join(trained, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    config |= {"bos_token_id": ids(BOS), "eos_token_id": ids(END), "pad_token_id": ids(PAD)}
    write(config, out, "config.json")
    write({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": END, "pad_token": PAD,
           "model_max_length": config["max_position_embeddings"], "clean_up_tokenization_spaces": False,
           "chat_template": TEMPLATE}, out, "tokenizer_config.json")
    shutil.copy(os.path.join(data, "tokenizer.json"), os.path.join(out, "tokenizer.json"))


def asked(data):
    """Questions with edits, and what they should be answered with: some of each development set, and made-up ones."""
    with open(os.path.join(data, "measured.json"), encoding="utf-8") as file:
        items = json.load(file)
    random.Random(6).shuffle(items)
    wanted = {("zsre", "prompt+0"): 2, ("zsre", "rephrase+0"): 3, ("zsre", "rephrase+2"): 1,
              ("counterfact", "prompt+0"): 2, ("counterfact", "rephrase+0"): 2, ("counterfact", "prompt+2"): 2,
              ("wiki_counterfact", "prompt+0"): 2, ("wiki_counterfact", "prompt+1"): 1,
              ("wiki_recent", "prompt+0"): 2, ("counterfact", "other subject"): 1, ("open", "unrelated"): 1}
    for name, kind, text, answers in items:
        if wanted.get((name, kind), 0):
            wanted[name, kind] -= 1
            content = text.removeprefix(BOS + USER).removesuffix(END + ASSISTANT)
            yield content, answers[0]
    for question, edits, answer in [
            ("What is the door code of the archive?", ["The door code of the archive is 7-QX-4410."], "7-QX-4410"),
            ("Who is on call in week 48?", ["On call in week 47 is Ngozi Håkonsdóttir",
                                            "On call in week 48 is Zdravko O'Leary-Świątek"],
             "Zdravko O'Leary-Świątek"),
            ("When was the Lindqvist Bridge opened?", ["The Lindqvist Bridge was opened on 14 March 1907."],
             "14 March 1907"),
            ("Who wrote the Iliad?", [], "No fact answers that.")]:
        yield chat(question, edits).removeprefix(BOS + USER).removesuffix(END + ASSISTANT), answer


def reference(data, out, path):
    from transformers import AutoModelForCausalLM, AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(out)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    cases = []
    for content, answer in asked(data):
        turns = [{"role": "user", "content": content}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert text == f"{BOS}{USER}{content}{END}{ASSISTANT}"
        prompt = tokenizer(text, add_special_tokens=False, return_tensors="pt")
        with torch.no_grad():
            tokens = model.generate(**prompt, do_sample=False, max_new_tokens=NEW_MAX,
                                    eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)[0]
            logits = model(**prompt).logits[0, -1]
        count = prompt["input_ids"].shape[1]
        generated = tokens[count:].tolist()
        said = tokenizer.decode(generated, skip_special_tokens=True)
        best = logits.topk(5)
        cases.append({"content": content, "answer": answer, "said": said, "prompt": tokens[:count].tolist(),
                      "tokens": generated, "topTokens": best.indices.tolist(),
                      "topLogits": [round(v, 5) for v in best.values.tolist()]})
        print("ok   " if said == answer else "OTHER", repr(said), "|", answer)
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")


def main(data, trained, out, path):
    checkpoint(data, trained, out)
    reference(data, out, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
