        console.log("here", x);
