"""Chromium without a window, driven through its DevTools pipe."""

import base64
import json
import os
import select
import subprocess
import time


class Browser:
    def __init__(self, folder):
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()
        self.messages = []
        self.buffer = b""
        self.last = 0

        def descriptors():
            # Moved away first, since either may be 3 or 4 already.
            ours, theirs = os.dup(to_browser), os.dup(from_browser)
            os.dup2(ours, 3)
            os.dup2(theirs, 4)

        self.process = subprocess.Popen(
            [
                "chromium",
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--no-proxy-server",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
                f"--user-data-dir={folder}",
                "about:blank",
            ],
            pass_fds=(3, 4),
            preexec_fn=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        os.close(to_browser)
        os.close(from_browser)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.reading)
        os.close(self.writing)

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        answer = self.wait(lambda message: message.get("id") == self.last)
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, matches, timeout=60):
        """The next message that matches; the others are kept in `messages`."""
        end = time.time() + timeout
        while True:
            while b"\0" in self.buffer:
                data, self.buffer = self.buffer.split(b"\0", 1)
                message = json.loads(data)
                self.messages.append(message)
                if matches(message):
                    return message
            ready, _, _ = select.select([self.reading], [], [], max(0, end - time.time()))
            assert ready, "the browser does not answer"
            data = os.read(self.reading, 1 << 20)
            assert data, "the browser ended"
            self.buffer += data

    def open(self, address, width, dark=False):
        self.messages.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.call("Page.navigate", url=address)
        self.wait(lambda message: message.get("method") == "Page.loadEventFired")

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def complaints(self):
        """Messages in the console, and failed requests."""
        return [
            message
            for message in self.messages
            if message.get("method")
            in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")
        ]

    def addresses(self):
        return [
            message["params"]["request"]["url"]
            for message in self.messages
            if message.get("method") == "Network.requestWillBeSent"
        ]
