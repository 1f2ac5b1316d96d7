from flows.pipeline import submit_staggered
from kizu.shards import ShardRef


def shards(count):
    return tuple(ShardRef(path=f"{n}", number=n, of=count) for n in range(1, count + 1))


def test_every_stage_follows_the_one_before_some_shards_behind():
    stages = [lambda shard, name=name: [f"{name}{shard.number}"] for name in "ed"]
    assert " ".join(submit_staggered(shards(5), 2, *stages)) == "e1 e2 e3 d1 e4 d2 e5 d3 d4 d5"


def test_fewer_shards_than_stages_are_behind_are_all_submitted():
    stages = [lambda shard, name=name: [f"{name}{shard.number}"] for name in "edc"]
    assert " ".join(submit_staggered(shards(2), 8, *stages)) == "e1 e2 d1 d2 c1 c2"


def test_no_shards_are_no_tasks():
    assert submit_staggered((), 3, lambda _: ["never"]) == []
