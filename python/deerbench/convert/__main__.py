"""The command: ``python -m deerbench.convert --help``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from deerbench._core import Error
from deerbench.convert.conversion import DTYPES, Sources, convert_checkpoint


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deerbench convert",
        description="Makes a checkpoint folder of an official DeeR .pth and the files that it was trained from.",
        epilog="deerbench convert --random-weights PRESET --help: checkpoints of random weights, for speed and memory.",
    )
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="the DeeR .pth")
    parser.add_argument("--clip", type=Path, metavar="PATH", help="CLIP as open_clip has it: its state dict or folder")
    parser.add_argument("--openflamingo", type=Path, metavar="FILE", help="OpenFlamingo's .pt, for what the .pth lacks")
    parser.add_argument("--mpt", type=Path, metavar="PATH", help="the MPT model, likewise: a file or a folder")
    parser.add_argument("--tokenizer", type=Path, required=True, metavar="PATH",
                        help="MPT's tokenizer.json or its folder")
    parser.add_argument("--train-scenes", required=True, metavar="LETTERS",
                        help="scenes that it was trained in, such as ABC")
    parser.add_argument("--name", help="of the checkpoint (default: the folder's)")
    parser.add_argument("--dtype", choices=list(DTYPES), default="float32",
                        help="of the stored weights (default float32)")
    parser.add_argument("--shard-mib", type=int, default=4096, metavar="MIB",
                        help="largest file of weights (default 4096)")
    parser.add_argument("--training-heads", action="store_true", help="keep the heads that only training uses")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
                        help="a field of config.json that no tensor tells, such as language.heads=16; may be repeated")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write, new or empty")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 2 bad usage or input, 3 interrupted."""
    args = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing half-written is left
    try:
        done = convert_checkpoint(
            Sources(args.checkpoint, args.openflamingo, args.mpt, args.clip),
            args.tokenizer,
            args.out,
            args.train_scenes,
            name=args.name,
            dtype=args.dtype,
            shard_mib=args.shard_mib,
            training_heads=args.training_heads,
            changes=args.changes,
        )
    except Error as error:
        print(f"deerbench: error: {' '.join(str(error).splitlines())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("deerbench: interrupted; nothing was written", file=sys.stderr)
        return 3
    language = done.config["language"]
    print(f"{done.tensors} tensors, {done.parameters / 1e6:.3f} M weights, language model of {language['layers']} layers "
          f"of width {language['width']}\nweights sha256  {done.weights_sha256}", file=sys.stderr)
    if done.calibrated:
        print("differences that thresholds can be solved from: kept in calibration.json", file=sys.stderr)
    print(f"checkpoint  {done.folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
