"""The image store: handles made from bytes, over any LangChain store."""

import asyncio
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import PIL.Image
import pytest
from langchain_core.stores import InMemoryByteStore

from langchain_gptv import Box, Image, ImageStore
from langchain_gptv.exceptions import CorruptImageError, ImageTooLargeError, UnknownImageError
from langchain_gptv.store import FileStore, handle_of, is_handle, reference
from langchain_gptv.store import handles as handles_module


def picture(color="red", size=(40, 30)):
    """A picture of one color."""
    return PIL.Image.new("RGB", size, color)


def noise(seed, size=(64, 64)):
    """A picture of known size in bytes that does not compress."""
    data = hashlib.shake_256(str(seed).encode()).digest(size[0] * size[1] * 3)
    return PIL.Image.frombytes("RGB", size, data)


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    """A store of either kind."""
    return ImageStore() if request.param == "memory" else ImageStore.on_disk(tmp_path)


@pytest.fixture
def colliding(monkeypatch):
    """Make every picture share its first 12 digits with all others."""

    class Digest:
        def __init__(self, data=b""):
            self.real = hashlib.sha256(data).hexdigest()

        def hexdigest(self):
            return "0" * 12 + self.real[12:]

    class Hashes:
        sha256 = Digest

    monkeypatch.setattr(handles_module, "hashlib", Hashes)


def test_the_same_bytes_have_the_same_handle(store):
    """A handle is made from the content, and gives the very bytes back."""
    data = Image.of(picture()).data
    handle = store.put(data)
    assert handle == store.put(picture()) == f"img_{hashlib.sha256(data).hexdigest()[:12]}"
    assert store.get(handle).data == data
    assert store.handles() == [handle]
    assert handle in store
    assert store.put(picture("blue")) != handle


def test_a_reference_is_the_url_of_a_handle(store):
    """`gptv://` and back; a reference is as good as the handle."""
    handle = store.put(picture())
    assert handle_of(reference(handle)) == handle
    assert handle_of("https://example.com/a.png") is None
    assert store.get(reference(handle)).sha256 == store.get(handle).sha256


def test_a_crop_knows_its_place_in_the_whole_picture(store):
    """A crop of an enlarged crop maps back to pixels of the first picture."""
    root = store.put(picture(size=(400, 300)))
    crop = store.put_crop(root, picture(size=(200, 100)), Box(100, 50, 200, 100))
    inner = store.put_crop(crop, picture("blue", (20, 20)), Box(100, 50, 200, 100))
    assert (crop, inner) == (f"{root}/zoom_1", f"{root}/zoom_2")
    assert store.crop_of(root) is None
    assert store.crop_of(inner).parent == crop
    assert store.crop_of(inner).root == root
    assert store.crop_of(inner).box == Box(150, 75, 200, 100)
    assert store.crop_of(inner).to_root(Box(0, 0, 10, 10)) == Box(150, 75, 175, 87.5)


def test_the_same_crop_again_has_the_same_handle(store):
    """Same box and same bytes: no second number; another box is another crop."""
    root = store.put(picture(size=(400, 300)))
    first = store.put_crop(root, picture(size=(10, 10)), Box(0, 0, 10, 10))
    second = store.put_crop(root, picture(size=(10, 10)), Box(5, 0, 15, 10))
    assert first == store.put_crop(root, picture(size=(10, 10)), Box(0, 0, 10, 10))
    assert second == f"{root}/zoom_2"


def test_a_frame_is_named_by_its_moment(store):
    """A frame's handle holds the time, to the millisecond where it matters."""
    handle = store.put_frame("vid_81c2aa", 12.5, picture())
    assert handle == "vid_81c2aa@00:12.5"
    assert store.put_frame("vid_81c2aa", 12.54, picture()) == "vid_81c2aa@00:12.54"
    assert store.put_frame("vid_81c2aa", 3723, picture()) == "vid_81c2aa@1:02:03.0"
    assert store.put_frame("vid_81c2aa", 12.5, picture("blue")) == "vid_81c2aa@00:12.5_2"
    assert store.put_frame("clips/cat.mp4", 0, picture()).startswith("vid_")
    crop = store.put_crop(handle, picture(size=(5, 5)), Box(0, 0, 5, 5))
    assert crop == "vid_81c2aa@00:12.5/zoom_1"
    assert all(is_handle(handle) for handle in store.handles())
    assert len(store.handles()) == 6
    with pytest.raises(ValueError, match=r"timestamp_s is -1"):
        store.put_frame("vid_81c2aa", -1, picture())


@pytest.mark.parametrize("name", ["img_ffffff", "../../etc/passwd", "img_a", "", "img_ffffff/../x"])
def test_an_unknown_handle_says_what_there_is(store, name):
    """The error names the handle, what the store holds, and the way out."""
    with pytest.raises(UnknownImageError, match="The store is empty. Use one of these, or put"):
        store.get(name)
    handle = store.put(picture())
    with pytest.raises(LookupError, match=f"no image '{name}' in the store. There are: {handle}"):
        store.get(name)
    assert name not in store


def test_what_is_no_image_is_not_stored(store):
    """Bytes that are no picture are refused before they are stored."""
    with pytest.raises(ValueError, match="image"):
        store.put(b"hello, I am text")
    with pytest.raises(UnknownImageError, match="img_ffffff"):
        store.put_crop("img_ffffff", picture(), Box(0, 0, 1, 1))
    root = store.put(picture())
    with pytest.raises(ValueError, match="has no area"):
        store.put_crop(root, picture(), Box(5, 5, 5, 9))
    assert store.handles() == [root]


def test_pictures_that_share_digits_stay_apart(store, colliding):
    """Handles that would collide become longer; each gives its own picture."""
    colors = ["red", "green", "blue", "white"]
    with ThreadPoolExecutor(4) as pool:
        handles = list(pool.map(lambda color: store.put(picture(color)), colors))
    assert len(set(handles)) == 4
    for color, handle in zip(colors, handles, strict=True):
        assert store.get(handle).to_pil().getpixel((0, 0)) == picture(color).getpixel((0, 0))
        assert store.put(picture(color)) in store


def test_two_users_never_mix():
    """A handle of one namespace is unknown in another, on one and the same backend."""
    backend = InMemoryByteStore()
    ann, bob = (ImageStore(backend, namespace=name) for name in ("Ann", "ann"))
    handle = ann.put(picture())
    crop = ann.put_crop(handle, picture(size=(5, 5)), Box(0, 0, 5, 5))
    assert bob.handles() == []
    for name in (handle, crop):
        assert name not in bob
        with pytest.raises(UnknownImageError, match="The store is empty"):
            bob.get(name)
    with pytest.raises(UnknownImageError, match="The store is empty"):
        bob.put_crop(handle, picture(), Box(0, 0, 1, 1))
    assert bob.put(picture()) == handle
    assert bob.handles() == [handle]


def test_a_new_process_finds_what_is_on_disk(tmp_path):
    """A store on disk survives a restart, crops and their boxes too."""
    store = ImageStore.on_disk(tmp_path, namespace="ann")
    crop = store.put_crop(store.put(picture()), noise(1), Box(1, 2, 3, 4))
    code = (
        "import sys; from langchain_gptv import ImageStore\n"
        "store = ImageStore.on_disk(sys.argv[1], namespace='ann')\n"
        "print(store.get(sys.argv[2]).sha256, *store.crop_of(sys.argv[2]).box)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), crop]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [Image.of(noise(1)).sha256, "1.0", "2.0", "3.0", "4.0"]


def test_the_longest_unused_makes_room(store):
    """Over max_bytes the picture that was longest unused goes, and its handle says so."""
    size = len(Image.of(noise(0)).data)
    small = ImageStore(store.backend, max_bytes=int(2.5 * size))
    first, second = small.put(noise(1)), small.put(noise(2))
    small.get(first)
    third = small.put(noise(3))
    assert small.handles() == sorted([first, third])
    with pytest.raises(UnknownImageError, match=f"'{second}' was removed: by remove"):
        small.get(second)
    assert small.put(noise(2)) == second
    assert small.get(second).data == Image.of(noise(2)).data
    with pytest.raises(ImageTooLargeError, match="over the .* that the whole store may hold"):
        small.put(noise(4, (200, 200)))


def test_what_was_there_before_counts_too(store):
    """The cap of a store that is opened again counts what an earlier one left."""
    size = len(Image.of(noise(0)).data)
    old = [store.put(noise(seed)) for seed in range(3)]
    again = ImageStore(store.backend, max_bytes=int(2.5 * size))
    new = again.put(noise(9))
    assert len(again.handles()) == 2
    assert new in again
    assert set(again.handles()) - {new} < set(old)


def test_a_removed_crop_leaves_its_number_to_nobody(store):
    """An old reference to a removed crop never shows another crop."""
    size = len(Image.of(noise(0)).data)
    small = ImageStore(store.backend, max_bytes=int(2.6 * size))
    root = small.put(picture())
    gone = small.put_crop(root, noise(1), Box(0, 0, 10, 10))
    for seed in range(2, 5):
        small.get(root)
        small.put_crop(root, noise(seed), Box(0, 0, 10, 10))
    assert gone not in small
    assert small.put_crop(root, noise(7), Box(0, 0, 10, 10)) == f"{root}/zoom_5"


async def test_a_picture_is_removed_with_its_crops(store):
    """Nothing of its pixels stays; the handle is given to no other, and the same may come back."""
    root, other = store.put(noise(1)), store.put(noise(2))
    crop = store.put_crop(root, noise(3), Box(0, 0, 10, 10))
    assert await store.aremove(reference(root)) == [root, crop]
    assert store.remove(root) == store.remove(crop) == []
    assert store.handles() == [other]
    pixels = [Image.of(noise(seed)).data for seed in (1, 3)]
    values = store.backend.mget(list(store.backend.yield_keys()))
    assert not any(data in value for data in pixels for value in values)
    with pytest.raises(UnknownImageError, match=f"'{crop}' was removed"):
        store.get(crop)
    assert store.put(noise(1)) == root
    assert store.put_crop(root, noise(4), Box(0, 0, 10, 10)) == f"{root}/zoom_2"
    assert store.remove(f"{root}/zoom_2") == [f"{root}/zoom_2"]
    assert store.handles() == sorted([root, other])
    for wrong in ("img_ffffffffffff", "receipt.png"):
        with pytest.raises(UnknownImageError, match=f"There is no image '{wrong}' in the store"):
            store.remove(wrong)


def test_what_is_removed_makes_room(store):
    """Under max_bytes a removed picture counts no longer."""
    size = len(Image.of(noise(0)).data)
    small = ImageStore(store.backend, max_bytes=int(2.5 * size))
    first, second = small.put(noise(1)), small.put(noise(2))
    small.remove(second)
    third = small.put(noise(3))
    assert small.handles() == sorted([first, third])


def test_a_damaged_value_is_an_error(tmp_path):
    """A file that was cut off or changed never comes back as a picture."""
    store = ImageStore.on_disk(tmp_path)
    handle = store.put(noise(1))
    path = next(path for path in tmp_path.rglob("image"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptImageError, match=f"'{handle}' is damaged or not ours"):
        store.get(handle)


def test_many_threads_get_the_numbers_apart(store):
    """Crops that are made at once get a number each, and the same crop only one."""
    root = store.put(picture(size=(400, 300)))

    def crop(seed):
        return store.put_crop(root, noise(seed % 8, (8, 8)), Box(0, 0, 8, 8))

    with ThreadPoolExecutor(8) as pool:
        handles = list(pool.map(crop, range(32)))
    assert len(set(handles)) == 8
    for seed, handle in enumerate(handles):
        assert store.get(handle).data == Image.of(noise(seed % 8, (8, 8))).data


def test_two_processes_on_one_folder_stay_apart(tmp_path):
    """Numbers of crops are given out once, though two processes ask at the same moment."""
    code = (
        "import sys, PIL.Image; from langchain_gptv import Box, Image, ImageStore\n"
        "store = ImageStore.on_disk(sys.argv[1])\n"
        "root = store.put(PIL.Image.new('RGB', (90, 90)))\n"
        "for i in range(12):\n"
        "    own = PIL.Image.new('RGB', (9, 9), (int(sys.argv[2]), i, 0))\n"
        "    handle = store.put_crop(root, own, Box(0, 0, 9, 9))\n"
        "    print(handle, Image.of(own).sha256)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    lines = [line.split() for p in processes for line in p.communicate()[0].splitlines()]
    store = ImageStore.on_disk(tmp_path)
    assert len(lines) == len({handle for handle, _ in lines}) == 24
    assert all(store.get(handle).sha256 == digest for handle, digest in lines)


async def test_async_gives_the_same(store):
    """The async methods share the handles and the pictures of the others."""
    handles = await asyncio.gather(*(store.aput(noise(seed)) for seed in range(4)))
    assert handles == [store.put(noise(seed)) for seed in range(4)]
    crop = await store.aput_crop(handles[0], noise(9), Box(0, 0, 8, 8))
    frame = await store.aput_frame("vid_81c2aa", 1, noise(8))
    assert (await store.aget(crop)).data == Image.of(noise(9)).data
    assert (await store.acrop_of(crop)).box == Box(0, 0, 8, 8)
    assert await store.ahandles() == store.handles() == sorted([*handles, crop, frame])
    with pytest.raises(UnknownImageError, match="img_ffffff"):
        await store.aget("img_ffffff")


async def test_async_crops_get_numbers_apart():
    """Crops that wait for the backend at the same time do not take each other's number."""

    class Slow(InMemoryByteStore):
        async def amget(self, keys):
            await asyncio.sleep(0.001)
            return self.mget(keys)

        async def amset(self, pairs):
            await asyncio.sleep(0.001)
            self.mset(pairs)

    store = ImageStore(Slow())
    root = await store.aput(picture())
    handles = await asyncio.gather(
        *(store.aput_crop(root, noise(seed, (8, 8)), Box(0, 0, 8, 8)) for seed in range(6))
    )
    assert len(set(handles)) == 6
    for seed, handle in enumerate(handles):
        assert (await store.aget(handle)).data == Image.of(noise(seed, (8, 8))).data


def test_a_file_store_is_a_langchain_store(tmp_path):
    """Keys are paths below the folder, and nothing else."""
    files = FileStore(tmp_path / "new")
    files.mset([("a/1", b"one"), ("a/2", b"two"), ("b", b"three")])
    assert files.mget(["a/2", "a", "none"]) == [b"two", None, None]
    assert list(files.yield_keys(prefix="a/")) == ["a/1", "a/2"]
    assert not files.add_new("b", b"other")
    assert files.mget(["b"]) == [b"three"]
    files.mdelete(["a/1", "none"])
    assert list(files.yield_keys()) == ["a/2", "b"]
    assert not list(tmp_path.rglob(".*"))
    with pytest.raises(ValueError, match="cannot be a file name"):
        files.mget(["../x"])
