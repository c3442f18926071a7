        [SerializeField] private Hud hud;
        list.Find(x => x.Ready);
